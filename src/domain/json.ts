import { hash } from 'node:crypto'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** A number that JSON can't hold: NaN, or Infinity, as which the text 1e999 is read. */
export class NotJsonError extends TypeError {}

/**
 * The RFC 8785 form of a value: keys sorted by UTF-16 code unit, no white space. Numbers and strings are written as
 * ECMAScript writes them, which is what the RFC prescribes. Properties with the value `undefined` are left out.
 * Throws NotJsonError for a number that JSON can't hold (NaN, Infinity).
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
  const copy = copyInOrder(value)
  return copy === UNABLE ? textInOrder(value) : JSON.stringify(copy)
}

const UNABLE = Symbol('no object holds these keys in order')

/** A copy with its keys in order, which the engine then writes. UNABLE where an object can't hold them so: numbers come first in any. */
function copyInOrder(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return checked(value)
  if (Array.isArray(value)) {
    const copies: unknown[] = []
    for (const item of value) {
      const copy = copyInOrder(item)
      if (copy === UNABLE) return UNABLE
      copies.push(copy)
    }
    return copies
  }
  const copies: { [key: string]: unknown } = {}
  for (const key of Object.keys(value).sort()) {
    if (isDigit(key.charCodeAt(0)) || key === '__proto__' || key === 'toJSON') return UNABLE
    const copy = copyInOrder((value as Record<string, unknown>)[key])
    if (copy === UNABLE) return UNABLE
    copies[key] = copy
  }
  return copies
}

const isDigit = (code: number) => code >= 48 && code <= 57

function textInOrder(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => textInOrder(item ?? null)).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const object = value as Record<string, unknown>
    const fields: string[] = []
    for (const key of Object.keys(object).sort()) {
      if (object[key] !== undefined) fields.push(`${JSON.stringify(key)}:${textInOrder(object[key])}`)
    }
    return `{${fields.join(',')}}`
  }
  return JSON.stringify(checked(value))
}

function checked(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new NotJsonError(`${value} is not JSON`)
  return value
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
