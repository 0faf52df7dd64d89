import { describe, expect, test } from 'vitest'
import { findFate } from '../../../src/store/postgres/transaction-fate.ts'

/** What a server says of a transaction whose COMMIT got no answer, and what counts of it. */

describe('the fate of a transaction', () => {
  const answering = (life: string, fate: string) => async (text: string) => ({
    rows: [text.includes('as life') ? { life } : { fate }],
    changes: 1,
  })
  const begun = { xid: '1000', life: 'one' }
  const CASES: [life: string, fate: string, isSaved: boolean | undefined, answer: unknown][] = [
    ['one', 'committed', undefined, true],
    ['one', 'aborted', undefined, false],
    ['one', 'in progress', false, 'in progress'],
    ['one', 'committed', false, false],
    ['another', 'committed', false, false],
    ['another', 'aborted', true, true],
  ]
  test.each(CASES)('on server “%s” that says “%s”, saved: %s', async (life, fate, isSaved, answer) => {
    const asked = isSaved === undefined ? undefined : async () => isSaved
    expect(await findFate(answering(life, fate), begun, asked)).toBe(answer)
  })
  test('is not guessed from the number of another server', async () => {
    await expect(findFate(answering('another', 'committed'), begun, undefined)).rejects.toThrow(
      'another server',
    )
  })
})
