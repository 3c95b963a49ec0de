/** Introspection data: the declared interfaces as XML. */
import type { Argument, InterfaceShape, MethodShape, PropertyShape, SignalShape } from "./interface.js";

const DOCTYPE = `<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">`;

/** Names are letters, digits, dots and underscores: nothing needs quoting. */
export function introspect(interfaces: readonly InterfaceShape[], children: readonly string[]): string {
  const lines = [
    "<node>",
    ...interfaces.flatMap(bound => indent(describeInterface(bound))),
    ...indent(children.map(name => `<node name="${name}"/>`)),
    "</node>",
  ];
  return `${DOCTYPE}\n${lines.join("\n")}\n`;
}

function describeInterface({ name, properties, methods, signals }: InterfaceShape): string[] {
  const members = [
    ...methods.flatMap(describeMethod),
    ...signals.flatMap(describeSignal),
    ...properties.flatMap(describeProperty),
  ];
  return [`<interface name="${name}">`, ...indent(members), "</interface>"];
}

function describeMethod({ name, in: takes, out }: MethodShape): string[] {
  const args = [...takes.map(arg => describeArgument(arg, "in")), ...out.map(arg => describeArgument(arg, "out"))];
  return args.length === 0 ? [`<method name="${name}"/>`] : [`<method name="${name}">`, ...indent(args), "</method>"];
}

function describeSignal({ name, args }: SignalShape): string[] {
  return [`<signal name="${name}">`, ...indent(args.map(arg => describeArgument(arg, null))), "</signal>"];
}

function describeArgument({ name, type }: Argument, direction: "in" | "out" | null): string {
  return `<arg name="${name}" type="${type}"${direction === null ? "" : ` direction="${direction}"`}/>`;
}

function describeProperty({ name, type, emits }: PropertyShape): string[] {
  return [
    `<property name="${name}" type="${type}" access="read">`,
    `  <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="${emits}"/>`,
    "</property>",
  ];
}

function indent(lines: readonly string[]): string[] {
  return lines.map(line => `  ${line}`);
}
