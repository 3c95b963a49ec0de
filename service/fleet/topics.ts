/** The topics of a board (docs/fleet/asyncapi.yaml). Pure. */

/** Channels as the AsyncAPI file has them: prefix, board, port and command are parameters. */
const CHANNELS = {
  status: "{prefix}/{board}/status",
  portStatus: "{prefix}/{board}/port/{port}/status",
  event: "{prefix}/{board}/event",
  output: "{prefix}/{board}/port/{port}/output",
  command: "{prefix}/{board}/command/{command}",
} as const;

type Channel = keyof typeof CHANNELS;
type Parameters = Readonly<Record<string, string>>;

/** A topic; a parameter that is not given becomes `+`, which stands for any level. */
export function topicOf(channel: Channel, parameters: Parameters): string {
  return CHANNELS[channel].replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = parameters[name];
    if (value === undefined) return "+";
    return name === "prefix" ? value : encodeLevel(value);
  });
}

/** What a level may not have is written as in a URL: `udp,2000` stays, `/` becomes `%2F`. */
export function encodeLevel(text: string): string {
  return text.replace(/[\0-\x1f\x7f/+#%]/g, one => `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}
