import { expect, test } from 'vitest'
import { estimateWork, sizeOf } from '../../../src/effects/migrate/estimate-work.ts'

const NOW = new Date('2026-03-01T10:00:00Z')
const context = { now: () => NOW, deadline: new Date('2026-03-01T11:00:00Z') }
const GB = 1_000_000_000
const estimate = (given: Partial<Parameters<typeof estimateWork>[1]>) =>
  estimateWork(context, { databaseBytes: 10 * GB, freeBytes: 100 * GB, rates: {}, hasCopies: true, ...given })

test('estimateWork gives the time of two backups by the rates that were measured', () => {
  expect(estimate({ rates: { backup: 20_000_000, restore: 10_000_000 } })).toEqual({
    databaseBytes: 10 * GB,
    freeBytes: 100 * GB,
    seconds: 3_000,
  })
})

test.each([
  ['no time before a rate is known', {}],
  ['no time where only one rate is known', { rates: { backup: 1 } }],
  ['nothing of a copy on another server', { freeBytes: 1, hasCopies: false }],
  ['no refusal where a copy without bloat may fit', { freeBytes: 5 * GB }],
])('estimateWork gives %s', (_, given) => {
  expect(estimate(given).seconds).toBeNull()
})

test.each([
  [
    'disk',
    { freeBytes: 4 * GB },
    'the database has 10 GB, and the disk of this home has 4.0 GB free',
    'rehearsalUrlEnv',
  ],
  [
    'time',
    { rates: { backup: 5_000_000, restore: 5_000_000 } },
    'takes about 67 min at the rate of the last one here, and 60 min of the run are left',
    'caps.runMinutes',
  ],
])('estimateWork stops before the backup for lack of %s', (_, given, message, next) => {
  const stop = { message: expect.stringContaining(message), facts: { code: 'STOP_BACKUP_FAILED' } }
  expect(() => estimate(given)).toThrow(expect.objectContaining({ message: stop.message }))
  try {
    estimate(given)
  } catch (error) {
    expect((error as { facts: { next: string } }).facts.next).toContain(next)
  }
})

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1_500, '1.5 KB'],
  [2.5e13, '25 TB'],
  [1e17, '100000 TB'],
])('sizeOf shows %s bytes', (bytes, shown) => {
  expect(sizeOf(bytes)).toBe(shown)
})
