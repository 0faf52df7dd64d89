import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Effect } from '../../src/domain/effect.ts'
import { CutterError, type ErrorCode } from '../../src/domain/errors.ts'
import { stopOf } from '../../src/engine/effect-stops.ts'

const effect = { name: 'source' } as Effect
const ofUser = { name: 'pay', source: { place: 'pay.ts:3', files: ['pay.ts'] } } as unknown as Effect

/** What the system throws when a device has no room. */
function withoutRoom(): Error {
  try {
    writeFileSync('/dev/full', 'text')
  } catch (error) {
    return error as Error
  }
  throw new Error('/dev/full took a write')
}

const withCode = (code: string) => Object.assign(new Error(`${code}: a fault, write`), { code })

describe('an error of an effect of Cutter', () => {
  test.each<[ErrorCode, string]>([
    ['TOOL_MISSING', 'STOP_TOOL_MISSING'],
    ['STORE_UNWRITABLE', 'STOP_NO_SPACE'],
    ['INPUT_REFUSED', 'STOP_REFUSED_INPUT'],
    ['CONFIG_INVALID', 'STOP_REFUSED_INPUT'],
    ['TARGET_UNREACHABLE', 'STOP_TARGET_UNREACHABLE'],
    ['TARGET_REFUSED', 'STOP_TARGET_REFUSED'],
    ['TARGET_NOT_FOUND', 'STOP_TARGET_REFUSED'],
    ['HOST_UNREACHABLE', 'STOP_HOST_UNREACHABLE'],
    ['HOST_COMMAND_FAILED', 'STOP_HOST_COMMAND_FAILED'],
  ])('with the code %s becomes %s, with its message and what is next', (code, stop) => {
    const error = new CutterError(code, 'what is wrong', { next: 'what to do' })
    expect(stopOf(error, effect, null)).toMatchObject({
      code: stop,
      message: 'what is wrong',
      next: 'what to do',
    })
  })

  test.each<[string, () => Error]>([
    ['a device without room', withoutRoom],
    ['a quota that is used up', () => withCode('EDQUOT')],
    ['a file system that takes no writes', () => withCode('EROFS')],
    ['another error because of it', () => new Error('the copy failed', { cause: withoutRoom() })],
  ])('from %s is named as such, and says what is next', (_, make) => {
    const error = make()
    const stop = stopOf(error, effect, null)
    expect(stop).toMatchObject({
      code: 'STOP_NO_SPACE',
      next: expect.stringContaining('cutter run resume <run>'),
    })
    expect(stop.message).toContain(error.message)
  })

  test('that nobody knows is internal', () => {
    expect(stopOf(new TypeError('x is not a function'), effect, null)).toMatchObject({
      code: 'STOP_INTERNAL',
      message: 'x is not a function',
    })
  })
})

test('an error without room of a machine of one’s own names its place, because the file is its own', () => {
  expect(stopOf(withoutRoom(), ofUser, null)).toMatchObject({
    code: 'STOP_INTERNAL',
    message: expect.stringContaining('pay.ts:3'),
  })
})
