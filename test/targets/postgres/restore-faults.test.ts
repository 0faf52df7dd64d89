import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readParallelFaults } from '../../../src/targets/postgres/restore-faults.ts'

const BEGUN = 'pg_restore: entering main parallel loop\n'
const [A, B] = ['COPY failed for table "a": ERROR:  x\n', 'COPY failed for table "b": ERROR:  y\n']

test.each([
  ['one after another', `pg_restore: error: ${A}pg_restore: error: ${B}`],
  ['with beginnings among each other', `pg_restore: pg_restore: error: error: ${A}${B}`],
  ['with one beginning before the other’s message', `pg_restore: error: pg_restore: ${A}error: ${B}`],
  ['with parts of their beginnings', `pg_restore:${A}pg_restore: error: error: ${B}`],
])('rows that two processes could not copy are named where they write %s', (_, lines) => {
  const { unfilledTables, faults } = readParallelFaults(BEGUN + lines)
  expect(unfilledTables).toEqual([
    { table: 'a', error: 'x' },
    { table: 'b', error: 'y' },
  ])
  expect(faults).toEqual([])
})

/** A message as a process of pg_restore writes it: each piece in one write. */
const write = (level: string, text: string): string[] => ['pg_restore:', ' ', level, `${text}\n`]
const REJECTED = (table: number) =>
  write('error: ', `COPY failed for table "t${table}": ERROR:  no row\nCONTEXT:  COPY t${table}, line 1: "x"`)
const LOST = (number: number) => write('error: ', `could not read from input file ${number}: end of file`)
const UNKNOWN = write(
  'error: ',
  'could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"\nCommand was: SET transaction_timeout = 0;',
)
const DOES = write('', 'finished item 3425 TABLE DATA by_cast')

const number = fc.nat({ max: 99 })
const one = fc.oneof(
  number.map((table) => ({ table, pieces: REJECTED(table) })),
  number.map((lost) => ({ lost, pieces: LOST(lost) })),
  fc.constant({ pieces: UNKNOWN }),
  fc.constant({ pieces: DOES }),
)

test('every error of processes that write among each other is found, wherever their pieces stand', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(one, { maxLength: 6 }), { minLength: 2, maxLength: 4 }),
      fc.infiniteStream(fc.nat()),
      (processes, choices) => {
        const pieces = processes.map((messages) => messages.flatMap((message) => message.pieces))
        let text = ''
        for (let left = pieces.filter((own) => own.length > 0); left.length > 0; ) {
          text += left[choices.next().value! % left.length]!.shift()
          left = left.filter((own) => own.length > 0)
        }
        const messages = processes.flat()
        const found = readParallelFaults(BEGUN + text)
        const tables = messages.flatMap((message) => ('table' in message ? [`t${message.table}`] : []))
        expect(found.unfilledTables.map(({ table }) => table).sort()).toEqual(tables.sort())
        const lost = messages.flatMap((message) => ('lost' in message ? [message.lost] : []))
        for (const file of lost) expect(found.faults.join('\n')).toContain(`input file ${file}:`)
        const failed = messages.some((message) => message.pieces !== DOES)
        if (lost.length === 0 && failed) expect(found.faults).toEqual([])
      },
    ),
    { numRuns: 2000 },
  )
})
