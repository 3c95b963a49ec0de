/** The `[ipv4,|ipv6,][tcp,|udp,][host,]port` grammar of port lines, rotators, control port and remaddr. */
export interface NetworkPort {
  readonly family: "ipv4" | "ipv6" | "any";
  readonly transport: "tcp" | "udp";
  /** Null is every address of the machine. Kept as written: a name is never looked up here. */
  readonly host: string | null;
  /** 0: "any port" in remaddr, standard input in a port line. */
  readonly port: number;
}
