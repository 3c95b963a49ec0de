/** Declarations of interfaces, from which calls are answered and introspection data is made. */
import { Variant } from "./marshal.js";

/** The D-Bus types in use, and their types in this program. */
export interface Types {
  readonly s: string;
  readonly o: string;
  readonly b: boolean;
  readonly y: number;
  readonly q: number;
  readonly u: number;
  readonly t: bigint;
  readonly v: Variant;
  readonly as: readonly string[];
  readonly ao: readonly string[];
  readonly "a(sq)": readonly (readonly [string, number])[];
  readonly "a(sssqt)": readonly (readonly [string, string, string, number, bigint])[];
  readonly "a(suuss)": readonly (readonly [string, number, number, string, string])[];
  readonly "a{sb}": Readonly<Record<string, boolean>>;
  readonly "a{sv}": Values;
  readonly "a{sa{sv}}": Readonly<Record<string, Values>>;
  readonly "a{oa{sa{sv}}}": Readonly<Record<string, Readonly<Record<string, Values>>>>;
}

type Type = keyof Types;
export type Values = Readonly<Record<string, Variant>>;

export interface Argument {
  readonly name: string;
  readonly type: Type;
}

export interface PropertyShape {
  readonly name: string;
  readonly type: Type;
  /** As the annotation org.freedesktop.DBus.Property.EmitsChangedSignal has it. */
  readonly emits: "true" | "const" | "false";
}

export interface MethodShape {
  readonly name: string;
  readonly in: readonly Argument[];
  readonly out: readonly Argument[];
  /** It changes something: calls are logged with their sender. */
  readonly mutates: boolean;
}

export interface SignalShape {
  readonly name: string;
  readonly args: readonly Argument[];
}

export interface InterfaceShape {
  readonly name: string;
  readonly properties: readonly PropertyShape[];
  readonly methods: readonly MethodShape[];
  readonly signals: readonly SignalShape[];
}

export type Result =
  | { readonly kind: "values"; readonly values: readonly unknown[] }
  /** One dictionary, its entries made one at a time; `type` is that of an entry. */
  | { readonly kind: "entries"; readonly type: string; readonly entries: Iterable<readonly [string, unknown]> };

interface Property<Subject> extends PropertyShape {
  readonly read: (subject: Subject) => unknown;
}

interface Method<Subject> extends MethodShape {
  /** Throws BusError. */
  readonly call: (subject: Subject, args: readonly unknown[]) => Result;
}

export interface Interface<Subject> extends InterfaceShape {
  readonly properties: readonly Property<Subject>[];
  readonly methods: readonly Method<Subject>[];
}

/** An interface of one object. */
export interface BoundInterface {
  readonly shape: InterfaceShape;
  /** Null: no property of that name. */
  value(property: string): Variant | null;
  values(): Values;
  /** The arguments have the types the shape says. */
  call(method: MethodShape, args: readonly unknown[]): Result;
}

export function bindInterface<Subject>(shape: Interface<Subject>, subject: Subject): BoundInterface {
  const read = (property: Property<Subject>) => new Variant(property.type, property.read(subject));
  return {
    shape,
    value(name) {
      const property = shape.properties.find(one => one.name === name);
      return property === undefined ? null : read(property);
    },
    values: () => Object.fromEntries(shape.properties.map(property => [property.name, read(property)])),
    call: ({ name }, args) => shape.methods.find(one => one.name === name)?.call(subject, args) ?? NOTHING,
  };
}

const NOTHING: Result = { kind: "values", values: [] };

type ValuesOf<Arguments extends readonly Argument[]> = { [At in keyof Arguments]: Types[Arguments[At]["type"]] };

export function property<const T extends Type, Subject>(
  name: string,
  type: T,
  emits: PropertyShape["emits"],
  read: (subject: Subject) => Types[T],
): Property<Subject> {
  return { name, type, emits, read };
}

export function method<
  Subject,
  const Takes extends readonly Argument[] = readonly [],
  const Gives extends readonly Argument[] = readonly [],
>(declared: {
  readonly name: string;
  readonly in?: Takes;
  readonly out?: Gives;
  readonly changes?: boolean;
  readonly call: (subject: Subject, args: ValuesOf<Takes>) => ValuesOf<Gives>;
}): Method<Subject> {
  const { name, in: takes = [], out = [], changes = false, call } = declared;
  // The arguments are those declared: the signature of a call is looked at before its body.
  const run = (subject: Subject, args: readonly unknown[]) => call(subject, args as ValuesOf<Takes>);
  return { name, in: takes, out, mutates: changes, call: (...given) => ({ kind: "values", values: run(...given) }) };
}

export function signatureOf(args: readonly Argument[]): string {
  return args.map(({ type }) => type).join("");
}
