/** The log of the daemon. Levels are those of syslog(3). */
export interface Log {
  error(text: string): void;
  warning(text: string): void;
  notice(text: string): void;
  info(text: string): void;
}
