/** Counts lines that begin with the next number of a run: "1 Short title", "2 Meaning". Other lines may stand between them. */
export class BareRun {
  longest = 0
  #last = 0

  /** Follows a line. A number that neither continues the run nor begins one is no part of it. */
  follow(bytes: Uint8Array, from: number, end: number): void {
    let value = 0
    let at = from
    for (; at < end && at - from < 4 && bytes[at]! >= 0x30 && bytes[at]! <= 0x39; at++)
      value = value * 10 + bytes[at]! - 0x30
    const sign = bytes[at]
    const isSetOff =
      at < end && (sign === 0x20 || sign === 0x2e || sign === 0x29 || sign === 0x09 || sign! >= 0x80)
    if (!isSetOff || (value !== this.#last + 1 && value !== 1)) return
    this.#last = value
    this.longest = Math.max(this.longest, value)
  }
}
