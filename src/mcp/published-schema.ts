import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { ANSWERS } from '../service/answers/answers.ts'

const published = new Map<string, StandardSchemaWithJSON>()

/**
 * The schema of an answer as clients get it: like the schema files, it accepts fields that are added later. The tests hold answers to the exact one. What
 * a call has done is answered, whatever its form.
 * @param name of the answer in `service/answers`
 */
export function publishedSchema(name: string): StandardSchemaWithJSON {
  const known = published.get(name)
  if (known !== undefined) return known
  const { title, schema } = ANSWERS[name]!
  let json: Record<string, unknown> | null = null
  const output = () => (json ??= { title, ...opened(z.toJSONSchema(schema, { io: 'output' })) })
  const made: StandardSchemaWithJSON = {
    '~standard': {
      version: 1,
      vendor: 'cutter',
      validate: (value) => ({ value }),
      jsonSchema: { input: output, output },
    },
  }
  published.set(name, made)
  return made
}

function opened<T>(schema: T): T {
  if (Array.isArray(schema)) return schema.map(opened) as T
  if (typeof schema !== 'object' || schema === null) return schema
  const kept = Object.entries(schema).filter(
    ([key, value]) => key !== 'additionalProperties' || value !== false,
  )
  return Object.fromEntries(kept.map(([key, value]) => [key, opened(value as unknown)])) as T
}
