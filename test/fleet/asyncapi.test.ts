/** docs/fleet/asyncapi.yaml against the program: the topics, the commands, and references that lead somewhere. */
import { readFileSync } from "node:fs";
import t from "tap";
import { parse } from "yaml";
import { COMMAND_NAMES } from "../../service/fleet/config.js";
import { streamMessage } from "../../service/fleet/messages.js";
import { topicOf } from "../../service/fleet/topics.js";

const text = readFileSync("docs/fleet/asyncapi.yaml", "utf8");
const api = parse(text);
const parameters = { prefix: "{prefix}", board: "{board}", port: "{port}", command: "{command}" };

t.test("the addresses are the topics", async t => {
  for (const channel of ["status", "portStatus", "event", "output", "command"] as const) {
    const { address, parameters: described } = api.channels[channel];
    t.equal(address, topicOf(channel, parameters));
    t.same(
      Object.keys(described),
      Array.from(address.matchAll(/\{(\w+)\}/g), ([, name]: string[]) => name),
    );
  }
});

t.test("the commands", async t => {
  t.same(api.channels.command.parameters.command.enum, [...COMMAND_NAMES]);
});

t.test("each reference leads somewhere", async t => {
  const paths = Array.from(text.matchAll(/\$ref: "#\/(\S+)"/g), ([, path = ""]) => path);
  t.ok(paths.length > 10);
  for (const path of paths) {
    t.ok(
      path.split("/").reduce((at, name) => at?.[name], api),
      path,
    );
  }
});

t.test("the user properties of a message with a number", async t => {
  const record = {
    stream: "event",
    seq: 1,
    epoch: "00c0ffee",
    time: "2026-01-01T00:00:00Z",
    payload: Buffer.from("{}"),
  };
  const { properties } = streamMessage({ prefix: "p", board: "b" }, record);
  const { headers } = api.components.messages.event;
  t.same(Object.keys(properties.userProperties).sort(), Object.keys(headers.properties).sort());
  const older = streamMessage({ prefix: "p", board: "b" }, { ...record, epoch: "" });
  t.same(Object.keys(older.properties.userProperties), headers.required, "of a record without an epoch");
});

t.test("a level of a topic", async t => {
  t.equal(
    topicOf("output", { prefix: "a/b", board: "r7", port: "127.0.0.1,2001" }),
    "a/b/r7/port/127.0.0.1,2001/output",
  );
  t.equal(topicOf("portStatus", { prefix: "p", board: "b", port: "a/b+#%\n" }), "p/b/port/a%2Fb%2B%23%25%0A/status");
  t.equal(topicOf("command", { prefix: "p", board: "b" }), "p/b/command/+");
});
