// A process of its own for stdio.test.ts: greets the peer on standard input, and sends everything back in capitals.
import { standardInput } from "../../service/net/stdio.js";

const link = standardInput();
const into = new Uint8Array(1000);
link.write(Buffer.from(`${link.transport} ${link.peer.address} ${link.peer.port}\n`));
link.whenReadable(answer);

function answer(): void {
  const count = link.read(into);
  if (count < 0) {
    link.write(Buffer.from(`bye, ended: ${link.hasEnded?.()}\n`));
    link.close();
    return;
  }
  link.write(Buffer.from(Buffer.from(into.subarray(0, count)).toString("latin1").toUpperCase(), "latin1"));
  link.whenReadable(answer);
}
