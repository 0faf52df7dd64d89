import { hash } from 'node:crypto'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/**
 * The RFC 8785 form of a value: keys sorted by UTF-16 code unit, no white space. Numbers and strings are written as
 * ECMAScript writes them, which is what the RFC prescribes. Properties with the value `undefined` are left out.
 * Throws TypeError for a number that JSON can't hold (NaN, Infinity).
 */
export function canonicalJson(value: unknown): string {
  // ECMAScript's own writer is several times as fast, and its form is this one where the keys are in order.
  if (isInOrder(value)) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const object = value as Record<string, unknown>
    const fields: string[] = []
    for (const key of Object.keys(object).sort()) {
      if (object[key] !== undefined) fields.push(`${JSON.stringify(key)}:${canonicalJson(object[key])}`)
    }
    return `{${fields.join(',')}}`
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} is not JSON`)
  return JSON.stringify(value)
}

function isInOrder(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'number' || Number.isFinite(value)
  if (Array.isArray(value)) return value.every(isInOrder)
  if ('toJSON' in value) return false
  let before = ''
  for (const key in value) {
    if (key < before || !isInOrder((value as Record<string, unknown>)[key])) return false
    before = key
  }
  return true
}

/** SHA-256 as 64 hex digits, of bytes or of a string's UTF-8 form. */
export function sha256(data: string | Uint8Array): string {
  return hash('sha256', data)
}

/** `sha256:<64 hex>` of a value's RFC 8785 form: the form in which plans, snapshots and receipts are named. */
export function digestOf(value: unknown): string {
  return `sha256:${sha256(canonicalJson(value))}`
}

/** `sha256:<64 hex>` of bytes as they are. */
export function digestOfBytes(data: string | Uint8Array): string {
  return `sha256:${sha256(data)}`
}
