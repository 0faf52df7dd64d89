import { describe, expect, test } from 'vitest'
import { readFaults } from '../../../src/targets/postgres/restore-faults.ts'

const HEAD = 'pg_restore: while PROCESSING TOC:\n'
const failed = (entry: string, ...errors: string[]) =>
  `pg_restore: from TOC entry ${entry}\n${errors.map((error) => `pg_restore: error: could not execute query: ERROR:  ${error}\nCommand was: x;\n\n\n`).join('')}`

describe('readFaults', () => {
  test.each([
    [
      '3466; 3466 16500 EVENT TRIGGER watched postgres',
      'EVENT TRIGGER',
      'watched',
      'permission denied to create event trigger "watched"',
      'event trigger "watched" does not exist',
    ],
    [
      '9; 6104 16 PUBLICATION all_of_it postgres',
      'PUBLICATION',
      'all_of_it',
      'must be superuser to create FOR ALL TABLES publication',
    ],
    ['9; 1255 16 FUNCTION f(integer) app', 'FUNCTION', 'f(integer)', 'permission denied for language c'],
    [
      '9; 1255 16 FUNCTION f(integer) app',
      'FUNCTION',
      'f(integer)',
      'only superuser can define a leakproof function',
      'function f(integer) does not exist',
    ],
    [
      '9; 2605 16 CAST CAST (a AS b) ',
      'CAST',
      'CAST (a AS b) ',
      'must be superuser to create a cast WITHOUT FUNCTION',
    ],
  ])('readFaults leaves out %s', (entry, kind, name, ...errors) => {
    expect(readFaults(HEAD + failed(entry, ...errors))).toEqual({
      leftOut: [{ kind, name }],
      unfilled: [],
      failed: [],
      faults: [],
    })
  })

  test.each([
    ['9; 1259 16 TABLE t app', 'TABLE t', 'permission denied to create anything'],
    ['9; 1255 16 FUNCTION f(integer) app', 'FUNCTION f(integer)', 'type "x" does not exist'],
    ['3; 3079 16 EXTENSION far (no owner)', 'EXTENSION far', 'permission denied to create extension "far"'],
    ['3; 3079 16 EXTENSION far ', 'EXTENSION far', 'permission denied to create extension "far"'],
  ])('readFaults reports the definition that failed of %s', (entry, title, error) => {
    const found = readFaults(HEAD + failed(entry, error))
    const errors = [`pg_restore: error: could not execute query: ERROR:  ${error}`]
    expect(found).toEqual({ leftOut: [], unfilled: [], faults: [], failed: [{ title, errors }] })
  })

  test('readFaults reports data that are missing as a fault', () => {
    const {
      leftOut,
      failed: definitions,
      faults,
    } = readFaults(HEAD + failed('9; 0 16 TABLE DATA t app', 'must be superuser, says a CHECK of others'))
    expect([...leftOut, ...definitions]).toEqual([])
    expect(faults).toEqual([
      'pg_restore: error: could not execute query: ERROR:  must be superuser, says a CHECK of others',
    ])
  })

  test('readFaults names the function that needs a search path', () => {
    const error =
      'function low(text) does not exist\nCONTEXT:  PL/pgSQL function public.nrm(text) line 1 at RETURN'
    const [definition] = readFaults(HEAD + failed('9; 1259 16 INDEX x_n app', error)).failed
    expect(definition?.errors.at(-1)).toBe(
      'the function public.nrm(text) finds it only with a search path: alter function public.nrm(text) set search_path = …',
    )
  })
})
