/** Reads the fields of a binary message of SSH (RFC 4251, section 5), one after another. */
export interface WireReader {
  /** @throws RangeError when fewer bytes are left */
  bytes(length: number): Buffer
  /** @throws RangeError when fewer bytes are left */
  byte(): number
  /** @throws RangeError when fewer bytes are left */
  uint32(): number
  /** The bytes of a `string`, without its length. @throws RangeError when fewer bytes are left */
  string(): Buffer
  /** A `string` as text. @throws RangeError when fewer bytes are left, or when it is not UTF-8 */
  text(): string
  /** @throws RangeError when bytes are left */
  end(): void
}

/** Makes a reader of a message. */
export function readWire(message: Buffer): WireReader {
  let place = 0
  const reader: WireReader = {
    bytes(length) {
      if (place + length > message.length) throw new RangeError('the message is too short')
      place += length
      return message.subarray(place - length, place)
    },
    byte: () => reader.bytes(1)[0]!,
    uint32: () => reader.bytes(4).readUInt32BE(),
    string: () => reader.bytes(reader.uint32()),
    text() {
      const bytes = reader.string()
      const text = bytes.toString('utf8')
      if (!Buffer.from(text).equals(bytes)) throw new RangeError('a text is not UTF-8')
      return text
    },
    end() {
      if (place !== message.length) throw new RangeError('the message is too long')
    },
  }
  return reader
}
