import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { inputFields } from '../../../src/service/runs/input-fields.ts'

const fieldOf = (schema: z.ZodType) => inputFields({ input: z.object({ field: schema }) })[0]!

describe('inputFields', () => {
  test.each<[string, z.ZodType, object]>([
    ['a required text', z.string(), { kind: 'text', required: true, default: null }],
    ['a number with a default', z.int().default(3), { kind: 'number', required: false, default: '3' }],
    ['a boolean that defaults to false', z.boolean().default(false), { kind: 'boolean', default: null }],
    ['a choice', z.enum(['a', 'b']).optional(), { kind: 'text', choices: ['a', 'b'], required: false }],
    ['a list of texts', z.array(z.string()), { kind: 'texts' }],
    ['a list of numbers', z.array(z.number()), { kind: 'json' }],
    ['an object', z.object({ a: z.string() }), { kind: 'json' }],
    [
      'a description behind a wrapper',
      z.string().describe('the name').optional(),
      { description: 'the name' },
    ],
  ])('reads %s', (_name, schema, expected) => {
    expect(fieldOf(schema)).toMatchObject({ name: 'field', ...expected })
  })

  test('redacts a default that has the form of a secret', () => {
    expect(fieldOf(z.string().default('postgresql://u:secret@h/d')).default).not.toContain('secret@')
  })
})
