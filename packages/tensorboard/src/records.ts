/**
 * TFRecord: records of bytes, each between its length with a checksum and a checksum of its own.
 *
 * `length` (8 bytes, little-endian), its masked CRC-32C (4), the bytes, their masked CRC-32C (4).
 */
import { maskedCrc32c } from './crc32c.ts'

const HEAD = 12
const FOOT = 4

/** A record around bytes, as a file holds it. */
export function frame(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(HEAD + data.length + FOOT)
  const view = new DataView(record.buffer)
  view.setBigUint64(0, BigInt(data.length), true)
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true)
  record.set(data, HEAD)
  view.setUint32(HEAD + data.length, maskedCrc32c(data), true)
  return record
}

/** What stands at some place of a file. */
export type Found =
  /** A whole record; `next` is where the one after it begins. */
  | { readonly kind: 'record'; readonly data: Uint8Array; readonly next: number }
  /** A record whose bytes are not those that were written; the one after it can be read. */
  | { readonly kind: 'damaged'; readonly next: number }
  /** The file ends here, or within a record that is being written; `needs` bytes from here on. */
  | { readonly kind: 'end'; readonly needs: number }
  /** The length itself is damaged, so that nothing after it can be found. */
  | { readonly kind: 'lost' }

/** Reads the record at `at`. */
export function recordAt(bytes: Uint8Array, at: number): Found {
  if (bytes.length - at < HEAD) return { kind: 'end', needs: HEAD }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const head = bytes.subarray(at, at + 8)
  if (view.getUint32(at + 8, true) !== maskedCrc32c(head)) return { kind: 'lost' }
  const length = Number(view.getBigUint64(at, true))
  const next = at + HEAD + length + FOOT
  if (next > bytes.length) return { kind: 'end', needs: HEAD + length + FOOT }
  const data = bytes.subarray(at + HEAD, at + HEAD + length)
  if (view.getUint32(next - FOOT, true) !== maskedCrc32c(data)) return { kind: 'damaged', next }
  return { kind: 'record', data, next }
}
