import { type Algorithms, supportedSuite } from "../../service/ipmi/suites.js";

export function cipherSuite(number: number): Algorithms {
  const algorithms = supportedSuite(number);
  if (algorithms === null) throw new RangeError(`cipher suite ${number} is not supported`);
  return algorithms;
}
