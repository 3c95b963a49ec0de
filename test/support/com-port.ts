/** A telnet client with the COM-PORT option (RFC 2217), byte by byte: what it sends and gets is written in hex. */
import { Client, type Teardown } from "./client.js";
import { serveOnePort } from "./one-port.js";

/** The first bytes of a telnet data port: WILL SGA, WILL ECHO, DONT ECHO, DO BINARY, WILL BINARY. */
export const OPENING = "fffb03 fffb01 fffe01 fffd00 fffb00";
/** DO of an unknown option: refused each time. */
const FENCE = "fffd63";
const FENCE_ANSWER = hexToText("fffc63");

export class ComPort {
  readonly client: Client;

  private constructor(client: Client) {
    this.client = client;
  }

  /** Greeted, nothing negotiated. */
  static async connect(t: Teardown, port: number): Promise<ComPort> {
    const com = new ComPort(await Client.connect(t, port));
    await com.expect(OPENING);
    return com;
  }

  /** Has agreed on COM-PORT; gives the modem state it was told. */
  static async agree(t: Teardown, port: number): Promise<{ readonly com: ComPort; readonly state: string }> {
    const com = await ComPort.connect(t, port);
    com.send("fffb2c");
    const told = await com.client.expect(hexToText("fffd2c"));
    return { com, state: textToHex(told.slice(0, -3)) };
  }

  send(hex: string): void {
    this.client.send(hexToText(hex));
  }

  /** Takes exactly these bytes next, or fails. */
  async expect(hex: string): Promise<void> {
    const wanted = hexToText(hex);
    const got = await this.client.expectBytes(wanted.length);
    if (got !== wanted) throw new Error(`got ${textToHex(got)} instead of ${textToHex(wanted)}`);
  }

  /** All that comes up to and with these bytes. */
  async until(hex: string): Promise<string> {
    return textToHex(await this.client.expect(hexToText(hex)));
  }

  /** All the daemon says to these bytes. */
  async answer(hex: string): Promise<string> {
    this.send(`${hex}${FENCE}`);
    return textToHex((await this.client.expect(FENCE_ANSWER)).slice(0, -FENCE_ANSWER.length));
  }

  /** A COM-PORT request: the body of its answer, `` when there is none. */
  async ask(body: string): Promise<string> {
    const answer = await this.answer(`fffa2c ${body} fff0`);
    return answer.replace(/^fffa2c(.*)fff0$/, "$1");
  }
}

/** A daemon with a telnet port, and a client of it that has agreed on COM-PORT. */
export async function serveComPort(t: Teardown, options = "9600 remctl", args: readonly string[] = []) {
  const served = await serveOnePort(t, { state: "telnet", options }, { args });
  const { com, state } = await ComPort.agree(t, served.port);
  return { ...served, com, state };
}

/** Blanks between the bytes are welcome. */
export function hexToText(hex: string): string {
  return Buffer.from(hex.replaceAll(" ", ""), "hex").toString("latin1");
}

export function textToHex(text: string): string {
  return Buffer.from(text, "latin1").toString("hex");
}
