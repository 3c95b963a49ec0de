/** The metrics over HTTP: `GET /metrics`, for Prometheus (docs/metrics.md). Bundled as a file of its own. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type Cancel, type Clock, pause } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { reasonOf } from "../native/errors.js";
import type { ListenAddress } from "../net/addresses.js";
import { type DaemonFacts, exposition, type Format, type PortFacts } from "./exposition.js";

/** What the metrics are read from. */
export interface MetricsSource {
  daemon(): Omit<DaemonFacts, "loopDelaySeconds">;
  /** One for each port; its facts are read when it is called. */
  ports(): readonly (() => PortFacts)[];
}

interface MetricsServerOptions {
  readonly source: MetricsSource;
  readonly log: Log;
  readonly clock: Clock;
}

/** Scrapers at a time; a request, a pause between two and a pause in taking an answer may last that long, in milliseconds. */
const MOST_CONNECTIONS = 16;
const REQUEST_MS = 5000;
/** Ports whose facts are read in one turn. */
const PORTS_IN_A_TURN = 16;
/** How often the delay of the event loop is looked at, in milliseconds. */
const LOOK_MS = 500;
const TYPES: Readonly<Record<Format, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

export class MetricsServer {
  readonly #options: MetricsServerOptions;
  #servers: readonly Server[] = [];
  readonly #answered = new WeakSet<Socket>();
  #cancelLook: Cancel = () => {};
  #longestDelayMs = 0;

  constructor(options: MetricsServerOptions) {
    this.#options = options;
  }

  /** Listens at these addresses, and nowhere else. What cannot be opened is logged. */
  listen(addresses: readonly ListenAddress[], port: number): void {
    this.close();
    this.#servers = addresses.map(({ address, v6only }) => {
      const server = createServer((request, response) => this.#take(request, response));
      server.maxConnections = MOST_CONNECTIONS;
      server.timeout = REQUEST_MS;
      server.headersTimeout = REQUEST_MS;
      server.requestTimeout = REQUEST_MS;
      server.keepAliveTimeout = REQUEST_MS;
      server.on("error", error => {
        this.#options.log.error(`Unable to serve metrics on ${address},${port}: ${reasonOf(error)}`);
      });
      server.listen({ host: address, port, ipv6Only: v6only });
      return server;
    });
    this.#watchLoop();
  }

  close(): void {
    this.#cancelLook();
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
    this.#servers = [];
  }

  #watchLoop(): void {
    const { clock } = this.#options;
    let last = clock.nowMs();
    this.#cancelLook = clock.every(LOOK_MS, () => {
      const now = clock.nowMs();
      this.#longestDelayMs = Math.max(this.#longestDelayMs, now - last - LOOK_MS);
      last = now;
    });
  }

  /** One request at a time: all that come in one piece would have an answer each in memory. No scraper sends more. */
  #take(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    if (this.#answered.has(socket)) {
      socket.destroy();
      return;
    }
    this.#answered.add(socket);
    response.once("close", () => this.#answered.delete(socket));
    void this.#answer(request, response);
  }

  async #answer({ method, url, headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = url?.split("?", 1)[0];
    if (path !== "/metrics") return refuse(response, 404, path === "/" ? "see /metrics\n" : "not found\n");
    if (method !== "GET" && method !== "HEAD") return refuse(response, 405, "GET\n");
    const format: Format = headers.accept?.includes("application/openmetrics-text") ? "openmetrics" : "text";
    response.writeHead(200, { "Content-Type": TYPES[format] });
    if (method === "HEAD") {
      response.end();
      return;
    }
    const { clock, source } = this.#options;
    const ports: PortFacts[] = [];
    for (const [at, read] of source.ports().entries()) {
      if (at % PORTS_IN_A_TURN === PORTS_IN_A_TURN - 1) await pause(0, clock);
      ports.push(read());
    }
    const daemon = { ...source.daemon(), loopDelaySeconds: this.#longestDelayMs / 1000 };
    this.#longestDelayMs = 0;
    for (const piece of exposition(daemon, ports, format)) {
      response.write(piece);
      await pause(0, clock);
      if (response.destroyed) return;
    }
    response.end();
  }
}

/** The text for the command `metrics`, whose session takes it in pieces. */
export function* metricsLines(source: MetricsSource): Generator<string> {
  const ports = source.ports().map(read => read());
  for (const piece of exposition({ ...source.daemon(), loopDelaySeconds: null }, ports, "text")) {
    yield* piece.trimEnd().split("\n");
  }
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "text/plain" });
  response.end(text);
}
