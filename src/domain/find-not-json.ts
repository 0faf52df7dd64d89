/**
 * Finds the first part of a value that JSON cannot hold: "at is a Date". Null when JSON holds all of it. A property with the value
 * `undefined` counts as left out.
 * @param path how the value itself is called, such as `output`
 */
export function findNotJson(value: unknown, path: string): string | null {
  return isJson(value, 0) ? null : findPart(value, path, [])
}

const DEEPEST = 200

/** The answer alone, without a path: it is asked at every step. Nothing that is deeper than `DEEPEST` is answered with yes. */
function isJson(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value !== 'object' || depth > DEEPEST) return false
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1))
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  for (const key in value) {
    const field = (value as Record<string, unknown>)[key]
    if (field !== undefined && !isJson(field, depth + 1)) return false
  }
  return true
}

function findPart(value: unknown, path: string, within: object[]): string | null {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return null
  if (typeof value === 'number') return Number.isFinite(value) ? null : `${path} is ${value}`
  if (typeof value !== 'object') return `${path} is ${typeof value === 'bigint' ? 'a BigInt' : nounOf(value)}`
  if (within.includes(value)) return `${path} contains itself`
  const inner = [...within, value]
  if (Array.isArray(value)) {
    return firstFault(
      value.map((item, index) => [item, `${path}[${index}]`] as const),
      inner,
    )
  }
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return `${path} is a ${value.constructor?.name}`
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return firstFault(
    fields.map(([key, field]) => [field, path === '' ? key : `${path}.${key}`] as const),
    inner,
  )
}

const nounOf = (value: unknown) => (value === undefined ? 'undefined' : `a ${typeof value}`)

function firstFault(parts: (readonly [unknown, string])[], within: object[]): string | null {
  for (const [part, path] of parts) {
    const fault = findPart(part, path, within)
    if (fault !== null) return fault
  }
  return null
}
