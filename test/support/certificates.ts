/** A certificate authority and certificates of it, made by openssl(1). */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Teardown } from "./client.js";
import { temporaryFolder } from "./daemon.js";

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

interface IssueOptions {
  /** Days from today on; a negative number is a certificate that has expired. */
  readonly days?: number;
  /** It is not valid before. */
  readonly from?: Date;
  /** `DNS:localhost`. */
  readonly names?: string;
  /** The subject, as openssl(1) takes it; `/` has no name at all. */
  readonly subject?: string;
  /** It signs itself. */
  readonly own?: boolean;
}

export class Authority {
  readonly folder: string;
  /** The certificate of the authority. */
  readonly ca: string;
  readonly #key: string;

  constructor(t: Teardown) {
    this.folder = temporaryFolder(t);
    this.#key = this.#newKey("ca");
    this.ca = join(this.folder, "ca.crt");
    const subject = ["-subj", "/CN=Test Authority", "-days", "30", "-key", this.#key, "-out", this.ca];
    openssl("req", "-x509", "-new", ...subject);
  }

  /** A certificate with that common name, and its key. The files have that name too. */
  issue(name: string, options: IssueOptions = {}): Pair {
    const { days = 30, from, names = "", subject = `/CN=${name}`, own = false } = options;
    const file = (ending: string): string => join(this.folder, `${name}.${ending}`);
    const key = this.#newKey(name);
    const [request, extensions, cert] = [file("csr"), file("ext"), file("crt")];
    writeFileSync(extensions, `basicConstraints=CA:FALSE\n${names === "" ? "" : `subjectAltName=${names}\n`}`);
    openssl("req", "-new", "-utf8", "-key", key, "-subj", subject, "-out", request);
    if (from !== undefined) {
      this.#signFrom(from, ["-days", String(days), "-in", request, "-extfile", extensions, "-out", cert]);
      return { cert, key };
    }
    const signer = own ? ["-signkey", key] : ["-CA", this.ca, "-CAkey", this.#key, "-CAcreateserial"];
    openssl("x509", "-req", "-in", request, ...signer, "-days", String(days), "-extfile", extensions, "-out", cert);
    return { cert, key };
  }

  /** x509(1) of OpenSSL 3.0 has no first day. */
  #signFrom(from: Date, request: readonly string[]): void {
    const [config, database] = [join(this.folder, "ca.conf"), join(this.folder, "issued")];
    const policy = "policy=names\n[names]\ncommonName=supplied";
    const paths = `database=${database}\nnew_certs_dir=${this.folder}\nunique_subject=no\nrand_serial=yes`;
    writeFileSync(config, `[ca]\ndefault_ca=own\n[own]\ndefault_md=sha256\n${paths}\n${policy}\n`);
    writeFileSync(database, "");
    const start = `${from.toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
    openssl(
      "ca",
      "-batch",
      "-notext",
      "-config",
      config,
      "-startdate",
      start,
      "-cert",
      this.ca,
      "-keyfile",
      this.#key,
      ...request,
    );
  }

  #newKey(name: string): string {
    const key = join(this.folder, `${name}.key`);
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key);
    return key;
  }
}

/** Runs openssl(1); its output. */
export function openssl(...args: readonly string[]): string {
  return execFileSync("openssl", args, { encoding: "latin1", stdio: ["ignore", "pipe", "pipe"] });
}
