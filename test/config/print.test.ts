import t from "tap";
import { printConfiguration } from "../../service/config/print.js";
import { substance } from "./comparable.js";
import { onlyPort, readLines, readText } from "./read.js";

t.test("the effective configuration is printed with everything written out", async t => {
  const configuration = readLines(
    "# a comment",
    "CONTROLPORT:localhost,2000",
    "BANNER:b:hello\\r\\n",
    "DEVICE:modem:/dev/serial/by-id/x:1",
    "TRACEFILE:log:/tmp/\\p",
    "DEFAULT:speed:19200",
    "DEFAULT:kickolduser:1",
    "3000:telnet:600:modem:EVEN b tr=log hexdump remaddr=10.0.0.1,0 chardelay-min=500 nosuchoption",
    "3000,:raw:0:/dev/ttyS1",
    "ROTATOR:5000:3000   3001",
    "LED:tx:sysfs:device=t0",
  );
  t.equal(
    printConfiguration(configuration),
    [
      "CONTROLPORT:localhost,2000",
      "LED:tx:sysfs:device=t0 duration=10 state=1",
      "DEVICE:modem:/dev/serial/by-id/x:1",
      "BANNER:b:hello\\r\\n",
      "TRACEFILE:log:/tmp/\\p",
      "3000:telnet:600:modem:19200 8DATABITS EVEN 1STOPBIT kickolduser chardelay-scale=20 chardelay-min=500 " +
        "chardelay-max=20000 remaddr=10.0.0.1,0 tr=log tr-hexdump b",
      "3000,:raw:0:/dev/ttyS1:19200 8DATABITS NONE 1STOPBIT kickolduser",
      "ROTATOR:5000:3000 3001",
      "DEFAULT:speed:19200",
      "DEFAULT:kickolduser:1",
      "",
    ].join("\n"),
  );
});

t.test("an empty configuration prints nothing", async t => {
  t.equal(printConfiguration(readLines()), "");
});

t.test("what is printed reads as the same configuration", async t => {
  const cases: readonly (readonly [title: string, lines: readonly string[]])[] = [
    [
      "every option",
      [
        "LED:rx:sysfs:device=a:b duration=5 state=0",
        "RS485CONF:r:1:2:1:1",
        "SIGNATURE:s:sign",
        "OPENSTR:o: open ",
        "CLOSESTR:c:close\\",
        " more",
        "CLOSEON:e:\\x00\\\\end\\r\\n:\\377 ~",
        "TRACEFILE:t:/t",
        "PULSE:p:DTR=0  5ms DTR=1",
        "TRACEFILE:u:/u",
        "0:raw:5:/dev/a:300 5DATABITS MARK 2STOPBITS XONXOFF RTSCTS LOCAL HANGUP_WHEN_DONE NOBREAK remctl kickolduser " +
          "telnet_brk_on_sync -chardelay chardelay-max=5 dev-to-net-bufsize=64 net-to-dev-bufsize=9 max-connections=4 hold=60 always-open replay=64k trace-size=1m trace-keep=0 line-timestamp writer=last tell-user telnet-enter=cr rts=on dtr=off esp-auto-reset mdns=Zigbee " +
          "remaddr=ipv4,h,0;::1,5 tr=t tw=u tb=t hexdump -tw-hexdump tw-timestamp led-rx=rx led-tx=rx rs485=r s o c e",
      ],
    ],
    ["a hold by default, and none on one line", ["DEFAULT:hold:30", "1:raw:0:/dev/a", "2:raw:0:/dev/b:hold=0"]],
    ["announced by default, and not on one line", ["DEFAULT:mdns:1", "1:raw:0:/dev/a", "2:raw:0:/dev/b:-mdns"]],
    ["DTR off by default, and on on one line", ["DEFAULT:dtr:off", "1:raw:0:/dev/a", "2:raw:0:/dev/b:dtr=on"]],
    [
      "one CR by default, and not on one line",
      ["DEFAULT:telnet-enter:cr", "1:telnet:0:/dev/a", "2:telnet:0:/dev/b:telnet-enter=crlf"],
    ],
    ["no peer admitted", ["DEFAULT:remaddr:bad", "3000:raw:0:/dev/a"]],
    ["no peer admitted by UDP", ["udp,3000:raw:0:/dev/a:remaddr=udp,0"]],
    ["every peer admitted", ["DEFAULT:remaddr:10.0.0.1,0", "3000:raw:0:/dev/a:remaddr="]],
    ["an address with a blank", ["DEFAULT:remaddr:10.0.0.1, 5;10.0.0.2,  0", "3000:raw:0:/dev/a"]],
    ["fixed addresses", ["udp,3000:raw:0:/dev/a:remaddr=udp,h,1;udp,i,2 max-connections=2"]],
    ["a name with another meaning later", ["BANNER:b:one", "1:raw:0:/dev/a:b", "BANNER:b:two", "2:raw:0:/dev/a:b"]],
    ["a name of another kind later", ["BANNER:b:one", "1:raw:0:/dev/a:b", "CLOSEON:b:two"]],
    ["a device name with another meaning later", ["DEVICE:d:/dev/a", "1:raw:0:d", "DEVICE:d:/dev/b"]],
    ["a path that becomes a name", ["1:raw:0:/d", "DEVICE:/d:/dev/b", "2:raw:0:/d"]],
    ["a name that becomes a path", ["DEVICE:/d:/dev/b", "1:raw:0:/d", "BANNER:/d:x", "2:raw:0:/d"]],
    ["devices without /dev/", ["1:raw:0:ttyS0", "DEVICE:d:ttyS1", "2:raw:0:d"]],
    ["an LED with another meaning later", ["LED:l:sysfs:device=a", "1:raw:0:/dev/a:led-rx=l", "LED:l:sysfs:device=b"]],
    ["LEDs that share a device", ["LED:l:sysfs:device=a", "LED:m:sysfs:device=a state=0", "LED:l:sysfs:device=a"]],
    [
      "an RS485CONF with another meaning later",
      ["RS485CONF:r:1:1:0:0", "1:raw:0:/dev/a:rs485=r", "RS485CONF:r:2:2:0:0"],
    ],
    ["a trace with another meaning later", ["TRACEFILE:t:/a", "1:raw:0:/dev/a:tw=t", "TRACEFILE:t:/b"]],
    [
      "an RS485CONF with another meaning later, behind one that no port has",
      ["RS485CONF:a:1:1:0:0", "RS485CONF:r:1:1:0:0", "1:raw:0:/dev/a:rs485=r", "RS485CONF:r:2:2:0:0"],
    ],
    [
      "a trace with another meaning later, behind one that no port has",
      ["TRACEFILE:a:/x", "TRACEFILE:t:/a", "1:raw:0:/dev/a:tw=t", "TRACEFILE:t:/b"],
    ],
    [
      "a name with another meaning later, behind one that no port has",
      ["OPENSTR:a:x", "BANNER:b:one", "1:raw:0:/dev/a:b", "BANNER:b:two"],
    ],
    [
      "two names with another meaning later, used in another order",
      [
        ...["RS485CONF:r:1:1:0:0", "RS485CONF:s:1:1:0:0", "1:raw:0:/dev/a:rs485=s", "2:raw:0:/dev/b:rs485=r"],
        ...["RS485CONF:r:2:2:0:0", "RS485CONF:s:2:2:0:0"],
      ],
    ],
    ["a refused control port", ["CONTROLPORT:udp,2000", "1:raw:0:/dev/a"]],
    ["a line replaced in its place", ["1:raw:0:/dev/a", "2:raw:0:/dev/a", "BANNER:b:x", "1:raw:0:/dev/a:b"]],
    ["an empty closeon", ["CLOSEON:a:x", "CLOSEON:b:", "1:raw:0:/dev/a:a b", "2:raw:0:/dev/a:b"]],
    ["names with blanks and signs", ["BANNER: a b:x", "BANNER:#=\\:x", "1:raw:0:/dev/a:#=\\ 9600"]],
    ["a rotator that names a port with a backslash", ["ROTATOR:5:a b\\ "]],
    [
      "all defaults",
      ["DEFAULT:parity:mark", "DEFAULT:nobreak:true", "DEFAULT:remaddr: a,0 ", "DEFAULT:chardelay-min:1000"],
    ],
    ["only names", ["BANNER:b:x", "DEVICE:d:/dev/\xe4", "TRACEFILE:t:\\x", "SIGNATURE:s:"]],
  ];
  for (const [title, lines] of cases) {
    const configuration = readLines(...lines);
    const again = readText(printConfiguration(configuration));
    t.same(substance(again), substance(configuration), title);
    t.same(again.diagnostics, [], title);
    t.equal(printConfiguration(again), printConfiguration(configuration), title);
  }
});

t.test("a control port that is refused is not printed", async t => {
  t.equal(printConfiguration(readLines("CONTROLPORT:0", "CONTROLPORT:2000")), "");
});

t.test("a long CLOSEON is printed whole", async t => {
  const configuration = readLines(`CLOSEON:c:${"\\000".repeat(500_000)}`, "3000:raw:0:/dev/a:c");
  t.equal(onlyPort(readText(printConfiguration(configuration))).options.closeon?.length, 500_000);
});
