import { hash } from 'node:crypto'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/**
 * The RFC 8785 form of a value: keys sorted by UTF-16 code unit, no white space. Numbers and strings are written as
 * ECMAScript writes them, which is what the RFC prescribes. Properties with the value `undefined` are left out.
 * Throws TypeError for a number that JSON can't hold (NaN, Infinity).
 */
export function canonicalJson(value: unknown): string {
  // What stands in order already is written by the engine itself, which is many times quicker.
  return isInOrder(value) ? JSON.stringify(value) : inOrder(value)
}

/** The RFC 8785 form of a value whose ordinary form is at hand: often they are one. */
export function canonicalFrom(value: unknown, text: string): string {
  return isInOrder(value) ? text : inOrder(value)
}

function inOrder(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => inOrder(item ?? null)).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const object = value as Record<string, unknown>
    const fields: string[] = []
    for (const key of Object.keys(object).sort()) {
      if (object[key] !== undefined) fields.push(`${JSON.stringify(key)}:${inOrder(object[key])}`)
    }
    return `{${fields.join(',')}}`
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} is not JSON`)
  return JSON.stringify(value)
}

/** Whether JSON.stringify gives the RFC 8785 form of a value: keys sorted, only numbers that JSON can hold, nothing that converts itself. */
function isInOrder(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (value === null || typeof value !== 'object') return value !== undefined
  if (Array.isArray(value)) return value.every(isInOrder)
  let before = ''
  for (const key in value) {
    if (key < before || key === 'toJSON') return false
    const field = (value as Record<string, unknown>)[key]
    if (field !== undefined && !isInOrder(field)) return false
    before = key
  }
  return Object.getPrototypeOf(value) === Object.prototype
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
