import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ENDPOINTS } from '../../src/http/endpoints.ts'
import { describeApi } from '../../src/http/openapi.ts'
import { LAYERS } from '../layers.ts'
import { shippedMachines } from '../machines/explore-chart.ts'
import { clientOf } from './api-client.ts'
import { filled, partsOf, schemaFiles, undocumentedKeys } from './generate.ts'
import { pagesIn } from './pages.ts'

/** The generated parts of README, ARCHITECTURE and docs, and the files in docs/schema. `npm run docs` writes them. */

const ROOT = resolve(import.meta.dirname, '../..')
const SCHEMAS = join(ROOT, 'docs', 'schema')

describe('the generated docs', () => {
  test.each(pagesIn(ROOT).map((file) => [relative(ROOT, file)]))(
    '%s has up-to-date generated parts',
    async (name) => {
      const page = readFileSync(join(ROOT, name), 'utf8')
      await expect(filled(page, partsOf(await shippedMachines(), LAYERS))).toMatchFileSnapshot(
        join(ROOT, name),
      )
    },
  )

  test.each(Object.entries(schemaFiles()))('docs/schema/%s is up to date', async (name, text) => {
    await expect(text).toMatchFileSnapshot(join(SCHEMAS, name))
  })

  test('docs/openapi.json is up to date', async () => {
    const text = `${JSON.stringify(describeApi(ENDPOINTS), null, 2)}\n`
    await expect(text).toMatchFileSnapshot(join(ROOT, 'docs/openapi.json'))
  })

  test('src/client/api-client.ts is up to date', async () => {
    await expect(clientOf(describeApi(ENDPOINTS))).toMatchFileSnapshot(join(ROOT, 'src/client/api-client.ts'))
  })

  test('docs/schema holds no other files', () => {
    expect(readdirSync(SCHEMAS).sort()).toEqual(Object.keys(schemaFiles()).sort())
  })

  test('every key of a documented file has a meaning, and every meaning a key', () => {
    expect(undocumentedKeys()).toEqual([])
  })
})
