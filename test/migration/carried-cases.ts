/** What people write in YAML files of ser2net 4, and the lines it becomes. */

export interface Case {
  readonly title: string;
  readonly yaml: string;
  readonly lines: readonly string[];
  /** As they are printed, without the name of the file. */
  readonly said?: readonly string[];
}

export const N81 = "9600 8DATABITS NONE 1STOPBIT";

export const CARRIED: readonly Case[] = [
  {
    title: "a plain port",
    yaml: "%YAML 1.1\n---\nconnection: &modem\n    accepter: tcp,4001\n    connector: serialdev,/dev/ttyS4,9600n81,local\n",
    lines: [`4001:raw:0:/dev/ttyS4:${N81} LOCAL`],
  },
  {
    title: "a console with RFC 2217",
    yaml: "connection: &c\n  accepter: telnet(rfc2217),tcp,4002\n  connector: serialdev,/dev/ttyAMA0,115200n81,local\n",
    lines: ["4002:telnet:0:/dev/ttyAMA0:115200 8DATABITS NONE 1STOPBIT LOCAL remctl"],
  },
  {
    title: "connections that are announced by mDNS",
    yaml:
      "connection: &zigbee\n  accepter: tcp,4070\n  connector: serialdev,/dev/ttyS0\n  options:\n    mdns: true\n" +
      "connection: &b\n  accepter: telnet,tcp,4071\n  connector: serialdev,/dev/ttyS1\n  options:\n    mdns: true\n    mdns-type: _telnet._tcp\n    mdns-name: rack\n" +
      "connection: &c\n  accepter: telnet,tcp,4072\n  connector: serialdev,/dev/ttyS2\n  options:\n    mdns-name: the console\n    mdns: true\n    mdns-interface: -1\n" +
      "connection: &d\n  accepter: tcp,4073\n  connector: serialdev,/dev/ttyS3\n  options:\n    mdns: false\n    mdns-name: d\n",
    lines: [
      `4070:raw:0:/dev/ttyS0:${N81} mdns=zigbee`,
      `4071:telnet:0:/dev/ttyS1:${N81} mdns=rack`,
      `4072:telnet:0:/dev/ttyS2:${N81} mdns=the-console`,
      `4073:raw:0:/dev/ttyS3:${N81}`,
    ],
    said: [
      "13:1: warning: mdns-type: _iostream._tcp becomes _telnet._tcp (the state of the port decides)",
      "17:5: warning: mdns-name becomes the-console (a name has no blanks and no backslashes)",
    ],
  },
  {
    title: "a default for all of them",
    yaml: "default:\n  name: mdns\n  value: true\n  class: ser2net\nconnection: &a\n  accepter: tcp,4074\n  connector: serialdev,/dev/ttyS0\n",
    lines: [`4074:raw:0:/dev/ttyS0:${N81} mdns=a`, "DEFAULT:mdns:1"],
  },
  {
    title: "telnet alone, with a limit of time, only from this host",
    yaml: "connection: &c\n  accepter: telnet,tcp,localhost,4003\n  timeout: 300\n  enable: on\n  connector: serialdev,/dev/ttyUSB3\n",
    lines: [`localhost,4003:telnet:300:/dev/ttyUSB3:${N81}`],
  },
  {
    title: "rfc2217 with a value, and blanks around the layers",
    yaml: "connection: &c\n  accepter: telnet(rfc2217=true), tcp, 4004\n  connector: serialdev,/dev/ttyS0\n",
    lines: [`4004:telnet:0:/dev/ttyS0:${N81} remctl`],
  },
  {
    title: "a port without a layer is TCP",
    yaml: "connection: &c\n  accepter: 4005\n  connector: serialdev,/dev/ttyS0\nconnection: &d\n  accepter: ::1,4006\n  connector: serialdev,/dev/ttyS1\n",
    lines: [`4005:raw:0:/dev/ttyS0:${N81}`, `::1,4006:raw:0:/dev/ttyS1:${N81}`],
  },
  {
    title: "the family of the address",
    yaml: "connection: &c\n  accepter: tcp,ipv4,192.0.2.1,4007\n  connector: serialdev,/dev/ttyS0\nconnection: &d\n  accepter: tcp,ipv6,::,4008\n  connector: serialdev,/dev/ttyS1\n",
    lines: [`ipv4,192.0.2.1,4007:raw:0:/dev/ttyS0:${N81}`, `ipv6,4008:raw:0:/dev/ttyS1:${N81}`],
  },
  {
    title: "UDP with a peer",
    yaml: "connection: &c\n  accepter: udp,4009\n  connector: serialdev,/dev/ttyS0\n  options:\n    remaddr: 192.0.2.7,5000\n",
    lines: [`udp,4009:raw:0:/dev/ttyS0:${N81} remaddr=udp,192.0.2.7,5000`],
  },
  {
    title: "a connector over several lines, with a path that has colons",
    yaml: "connection: &hub\n  accepter: tcp,4010\n  connector: serialdev,\n             /dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0,\n             19200e71,local\n",
    lines: [
      "DEVICE:hub-device:/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0",
      "4010:raw:0:hub-device:19200 7DATABITS EVEN 1STOPBIT LOCAL",
    ],
  },
  {
    title: "all words of a serial device, in both cases and separated by blanks",
    yaml: "connection: &c\n  accepter: tcp,4011\n  connector: serialdev,/dev/ttyS0,speed=2400O72 LOCAL rtscts=1 xonxoff nobreak hangup-when-done dtr=on rts=off\n",
    lines: [
      "4011:raw:0:/dev/ttyS0:2400 7DATABITS ODD 2STOPBITS LOCAL RTSCTS XONXOFF NOBREAK HANGUP_WHEN_DONE dtr=on rts=off",
    ],
  },
  {
    title: "words that are switched off, and words of ser2net 3",
    yaml: "connection: &c\n  accepter: tcp,4012\n  connector: serialdev,/dev/ttyS0,9600,local=false,-rtscts,8DATABITS,EVEN,2STOPBITS,hangup_when_done\n",
    lines: ["4012:raw:0:/dev/ttyS0:9600 8DATABITS EVEN 2STOPBITS HANGUP_WHEN_DONE"],
  },
  {
    title: "mark and space parity, and an unusual rate",
    yaml: "connection: &c\n  accepter: tcp,4013\n  connector: serialdev,/dev/ttyS0,31250m81\nconnection: &d\n  accepter: tcp,4014\n  connector: serialdev,/dev/ttyS1,1200s72\n",
    lines: [
      "4013:raw:0:/dev/ttyS0:31250 8DATABITS MARK 1STOPBIT",
      "4014:raw:0:/dev/ttyS1:1200 7DATABITS SPACE 2STOPBITS",
    ],
  },
  {
    title: "RS-485",
    yaml: "connection: &bus\n  accepter: tcp,4015\n  connector: serialdev,/dev/ttyS0,19200e81,local,rs485=2:3:rts_on_send:rx_during_tx\n",
    lines: ["RS485CONF:bus-rs485:2:3:1:1", "4015:raw:0:/dev/ttyS0:19200 8DATABITS EVEN 1STOPBIT LOCAL rs485=bus-rs485"],
  },
  {
    title: "a printer",
    yaml: "connection: &lp\n  accepter: tcp,4016\n  connector: serialdev,/dev/lp0,wronly\n",
    lines: [`4016:rawlp:0:/dev/lp0:${N81}`],
  },
  {
    title: "options of the device that make no difference",
    yaml: "connection: &c\n  accepter: tcp(nodelay,reuseaddr=true),4017\n  connector: serialdev(nouucplock,drain_time=20),/dev/ttyS0,9600n81,custspeed\n",
    lines: [`4017:raw:0:/dev/ttyS0:${N81}`],
  },
  {
    title: "a banner by its alias, used by two ports",
    yaml: "define: &hello '\\r\\nport \\p, device \\d [\\B]\\r\\n'\nconnection: &a\n  accepter: tcp,4018\n  connector: serialdev,/dev/ttyS0\n  options:\n    banner: *hello\nconnection: &b\n  accepter: tcp,4019\n  connector: serialdev,/dev/ttyS1\n  options:\n    banner: *hello\n",
    lines: [
      "BANNER:hello:\\r\\nport \\p, device \\d [\\B]\\r\\n",
      `4018:raw:0:/dev/ttyS0:${N81} hello`,
      `4019:raw:0:/dev/ttyS1:${N81} hello`,
    ],
  },
  {
    title: "line ends between double quotes, and a text over several lines",
    yaml: 'connection: &a\n  accepter: tcp,4020\n  connector: serialdev,/dev/ttyS0\n  options:\n    banner: "Rack 4\\r\\nSlot 2\\r\\n"\n    openstr: |\n      ATZ\n      ATE0\n    closestr: >\n      bye\n      bye\n',
    lines: [
      "BANNER:a-banner:Rack 4\\r\\nSlot 2\\r\\n",
      "OPENSTR:a-openstr:ATZ\\nATE0\\n",
      "CLOSESTR:a-closestr:bye bye\\n",
      `4020:raw:0:/dev/ttyS0:${N81} a-banner a-openstr a-closestr`,
    ],
  },
  {
    title: "the name of the connection in a text, a backslash at its end",
    yaml: "connection: &core1\n  accepter: tcp,4021\n  connector: serialdev,/dev/ttyS0\n  options:\n    banner: '\\N is \\o, \\\\N stays \\\\'\n",
    lines: ["BANNER:core1-banner:core1 is core1, \\\\N stays \\134", `4021:raw:0:/dev/ttyS0:${N81} core1-banner`],
  },
  {
    title: "a close string that is watched for, with escapes",
    yaml: "connection: &a\n  accepter: tcp,4022\n  connector: serialdev,/dev/ttyS0\n  options:\n    closeon: 'NO CARRIER\\r\\n\\003\\x04\\?'\n    signature: 'lab 7'\n",
    lines: [
      "CLOSEON:a-closeon:NO CARRIER\\x0d\\x0a\\x03\\x04?",
      "SIGNATURE:a-signature:lab 7",
      `4022:raw:0:/dev/ttyS0:${N81} a-closeon a-signature`,
    ],
  },
  {
    title: "flags and numbers",
    yaml: "connection: &a\n  accepter: telnet,tcp,4023\n  connector: serialdev,/dev/ttyS0\n  options:\n    kickolduser: true\n    telnet-brk-on-sync: yes\n    max-connections: 3\n    chardelay: false\n    dev-to-net-bufsize: 128\n    net-to-dev-bufsize: 256\n",
    lines: [
      `4023:telnet:0:/dev/ttyS0:${N81} kickolduser telnet_brk_on_sync max-connections=3 -chardelay dev-to-net-bufsize=128 net-to-dev-bufsize=256`,
    ],
  },
  {
    title: "the delay of characters",
    yaml: "connection: &a\n  accepter: tcp,4024\n  connector: serialdev,/dev/ttyS0\n  options: { chardelay-scale: 25, chardelay-min: 2000, chardelay-max: 30000 }\n",
    lines: [`4024:raw:0:/dev/ttyS0:${N81} chardelay-scale=25 chardelay-min=2000 chardelay-max=30000`],
  },
  {
    title: "traces",
    yaml: "define: &log /var/log/serial\nconnection: &a\n  accepter: tcp,4025\n  connector: serialdev,/dev/ttyS0\n  options:\n    trace-both: '*(log)/\\N-\\Y\\M\\D'\n    trace-timestamp: true\n    trace-read: /tmp/r\n    trace-read-hexdump: true\n    trace-write-hexdump: true\n",
    lines: [
      "TRACEFILE:a-tr:/tmp/r",
      "TRACEFILE:a-tb:/var/log/serial/a-\\Y\\M\\D",
      `4025:raw:0:/dev/ttyS0:${N81} tr=a-tr tr-hexdump tr-timestamp tb=a-tb tb-timestamp`,
    ],
  },
  {
    title: "hosts that may connect",
    yaml: "connection: &a\n  accepter: tcp,4026\n  connector: serialdev,/dev/ttyS0\n  options:\n    remaddr: 192.0.2.4,0;ipv6,2001:db8::1,0\n    remaddr: tcp,198.51.100.9,0\n",
    lines: [`4026:raw:0:/dev/ttyS0:${N81} remaddr=192.0.2.4,0;ipv6,2001:db8::1,0;198.51.100.9,0`],
  },
  {
    title: "LEDs",
    yaml: "led: &green\n  driver: sysfs\n  options:\n    device: 'rack:green'\n    duration: 20\n    state: 0\nconnection: &a\n  accepter: tcp,4027\n  connector: serialdev,/dev/ttyS0\n  options:\n    led-tx: *green\n    led-rx: *green\n",
    lines: [
      "LED:green:sysfs:device=rack:green duration=20 state=0",
      `4027:raw:0:/dev/ttyS0:${N81} led-tx=green led-rx=green`,
    ],
  },
  {
    title: "defines within texts, addresses and devices; a star that is one",
    yaml: 'define: &base "/dev/serial/by-id/usb-Acme"\ndefine: &first "*(base)_A1-if00"\ndefine: &tcpport 4028\nconnection: &a\n  accepter: tcp,*(tcpport)\n  connector: serialdev,*(first)-port0,9600n81\n  options:\n    banner: 2 *(*3) *{*x\n',
    lines: ["BANNER:a-banner:2 *(3) *{x", `4028:raw:0:/dev/serial/by-id/usb-Acme_A1-if00-port0:${N81} a-banner`],
  },
  {
    title: "defaults: of all classes, of one, deleted again, in their order",
    yaml: "default:\n  name: speed\n  value: 115200n81\ndefault:\n  name: local\n  value: true\n  class: serialdev\nconnection: &a\n  accepter: tcp,4029\n  connector: serialdev,/dev/ttyS0\ndefault:\n  name: speed\n  value: 19200e71\n  class: serialdev\nconnection: &b\n  accepter: tcp,4030\n  connector: serialdev,/dev/ttyS1,4800,local=false\ndelete_default:\n  name: speed\n  class: serialdev\nconnection: &c\n  accepter: tcp,4031\n  connector: serialdev,/dev/ttyS2\n",
    lines: [
      "4029:raw:0:/dev/ttyS0:115200 8DATABITS NONE 1STOPBIT LOCAL",
      "4030:raw:0:/dev/ttyS1:4800 7DATABITS EVEN 1STOPBIT",
      "4031:raw:0:/dev/ttyS2:115200 8DATABITS NONE 1STOPBIT LOCAL",
      "DEFAULT:speed:115200",
      "DEFAULT:databits:8",
      "DEFAULT:parity:NONE",
      "DEFAULT:stopbits:1",
      "DEFAULT:local:1",
    ],
  },
  {
    title: "defaults of options, and one that a connection takes back",
    yaml: "default:\n  name: kickolduser\n  value: true\n  class: ser2net\ndefault:\n  name: max-connections\n  value: 2\ndefault:\n  name: banner\n  value: hi\ndefault:\n  name: rfc2217\n  value: true\n  class: telnet\nconnection: &a\n  accepter: telnet,tcp,4032\n  connector: serialdev,/dev/ttyS0\nconnection: &b\n  accepter: telnet(rfc2217=false),tcp,4033\n  connector: serialdev,/dev/ttyS1\n  options:\n    kickolduser: false\n    banner:\n",
    lines: [
      "BANNER:a-banner:hi",
      `4032:telnet:0:/dev/ttyS0:${N81} remctl kickolduser max-connections=2 a-banner`,
      `4033:telnet:0:/dev/ttyS1:${N81} max-connections=2`,
      "DEFAULT:kickolduser:1",
      "DEFAULT:max-connections:2",
    ],
  },
  {
    title: "a rotator over two ports",
    yaml: "connection: &a\n  accepter: telnet,tcp,4034\n  connector: serialdev,/dev/ttyS0\nconnection: &b\n  accepter: telnet,tcp,4035\n  connector: serialdev,/dev/ttyS1\nrotator: &r\n  accepter: telnet,tcp,192.0.2.9,4036\n  connections: [ *a, *b ]\n",
    lines: [`4034:telnet:0:/dev/ttyS0:${N81}`, `4035:telnet:0:/dev/ttyS1:${N81}`, "ROTATOR:192.0.2.9,4036:4034 4035"],
  },
  {
    title: "the admin port",
    yaml: "admin:\n  accepter: telnet,tcp,localhost,4037\n",
    lines: ["CONTROLPORT:localhost,4037"],
  },
  {
    title: "a BMC, with the password in a file",
    yaml: "connection: &bmc\n  accepter: telnet,tcp,4038\n  connector: ipmisol,lan -U operator -P *{/etc/ser2net/bmc} 192.0.2.50,115200,authenticated=true,encrypted=false,ack-retries=5\n",
    lines: [
      "DEVICE:bmc-device:sol.lan -U operator -Pf /etc/ser2net/bmc 192.0.2.50",
      "4038:telnet:0:bmc-device:115200 authenticated -encrypted ack-retries=5",
    ],
  },
  {
    title: "words that only this program has, from its own export",
    yaml: "connection: &a\n  accepter: tcp,4039\n  connector: serialdev,/dev/ttyS0 # ser2net-edge: hold=60 replay=65536\n",
    lines: [`4039:raw:0:/dev/ttyS0:${N81} hold=60 replay=65536`],
  },
  {
    title: "a name that is an option, a name with other characters, two texts of one name",
    yaml: "define: &even A\nconnection: &a\n  accepter: tcp,4040\n  connector: serialdev,/dev/ttyS0\n  options:\n    banner: *even\n    openstr: *even\nconnection: &Ünit/1\n  accepter: tcp,4041\n  connector: serialdev,/dev/ttyS1\n  options:\n    banner: B\n",
    lines: [
      "BANNER:even-text:A",
      "OPENSTR:even-text-2:A",
      `4040:raw:0:/dev/ttyS0:${N81} even-text even-text-2`,
      "BANNER:nit-1-banner:B",
      `4041:raw:0:/dev/ttyS1:${N81} nit-1-banner`,
    ],
  },
  {
    title: "TLS below telnet, with the files of the layer, of the defaults, and of ser2net 4 itself",
    yaml:
      "connection: &a\n  accepter: telnet(rfc2217),ssl(key=/k,cert=/c),tcp,4071\n  connector: serialdev,/dev/ttyS0\n" +
      "connection: &b\n  accepter: ssl(CA=/ca/,readbuf=9),tcp,localhost,4072\n  connector: serialdev,/dev/ttyS1\n" +
      "default:\n  name: key\n  value: /both.pem\n  class: ssl\ndefault:\n  name: cert\n  value: ''\n  class: ssl\n" +
      "connection: &c\n  accepter: ssl,4073\n  connector: serialdev,/dev/ttyS2\n" +
      "connection: &d\n  accepter: ssl(cert=/c key=/k),tcp,4074\n  connector: serialdev,/dev/ttyS3\n",
    lines: [
      "TLS:a-tls:cert=/c key=/k",
      `4071:telnet:0:/dev/ttyS0:${N81} remctl tls=a-tls`,
      "TLS:b-tls:cert=/etc/ser2net/ser2net.crt key=/etc/ser2net/ser2net.key",
      `localhost,4072:raw:0:/dev/ttyS1:${N81} tls=b-tls`,
      "TLS:c-tls:cert=/both.pem key=/both.pem",
      `4073:raw:0:/dev/ttyS2:${N81} tls=c-tls`,
      `4074:raw:0:/dev/ttyS3:${N81} tls=a-tls`,
    ],
  },
  {
    title: "peers with certificates, whose users are named, and an admin port with TLS",
    yaml:
      "admin:\n  accepter: telnet,ssl(key=/k,cert=/c),tcp,localhost,4075\n" +
      "connection: &a\n  accepter: ssl(key=/k,cert=/c,CA=/ca.pem,clientauth),tcp,4076\n  connector: serialdev,/dev/ttyS0\n  options:\n    authdir: /x\n    allowed-users: alice  rack7\n    allowed-users: bob\n" +
      "connection: &b\n  accepter: ssl(key=/k,cert=/c,CA=/ca.pem,clientauth=yes),tcp,4077\n  connector: serialdev,/dev/ttyS1\n  options:\n    allowed-users: ''\n" +
      "connection: &c\n  accepter: ssl(key=/k,cert=/c,CA=/ca.pem,clientauth,allow-authfail),tcp,4078\n  connector: serialdev,/dev/ttyS2\n" +
      "connection: &d\n  accepter: ssl(key=/k,cert=/c,CA=/ca.pem,clientauth=false),tcp,4079\n  connector: serialdev,/dev/ttyS3\n  options:\n    allowed-users: bob\n",
    lines: [
      "TLS:admin-tls:cert=/c key=/k",
      "CONTROLPORT:tls:admin-tls,localhost,4075",
      "TLS:a-tls:cert=/c key=/k ca=/ca.pem allow=alice,rack7,bob",
      `4076:raw:0:/dev/ttyS0:${N81} tls=a-tls`,
      "TLS:b-tls:cert=/c key=/k ca=/ca.pem allow=,",
      `4077:raw:0:/dev/ttyS1:${N81} tls=b-tls`,
      `4078:raw:0:/dev/ttyS2:${N81} tls=admin-tls`,
      `4079:raw:0:/dev/ttyS3:${N81} tls=admin-tls`,
    ],
    said: [
      "3:1: warning: allowed-users become allow= (authdir is not read: a peer needs a certificate of ca=)",
      "10:1: warning: allowed-users become allow= (authdir is not read: a peer needs a certificate of ca=)",
    ],
  },
];
