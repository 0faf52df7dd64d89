import { defineConfig } from 'vitest/config'
import { moduleOfYaml } from './src/build-yaml.mjs'

// As src/build-yaml.mjs does for the build.
const yamlAsData = {
  name: 'yaml',
  transform: (text: string, id: string) => (id.endsWith('.yaml') ? moduleOfYaml(text) : null),
}

// `main` is what `npm test` runs; the long suites have scripts of their own.
const project = (name: string, include: string[], exclude: string[] = []) => ({
  plugins: [yamlAsData],
  test: {
    name,
    include,
    exclude,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores: more workers only make embedded servers start slower.
    maxWorkers: 2,
  },
})

// The built program with real servers behind it, story by story: minutes each. `main` keeps the ones that tell of the whole way.
const stories = [
  ...[
    'batch',
    'bundle',
    'configured-target',
    'deploy',
    'document-export',
    'drift',
    'explain',
    'flipped',
    'gone-or-taken',
  ],
  ...[
    'machine-versions',
    'migrate',
    'migrate-faults',
    'migrate-majors',
    'migrate-odd',
    'older-copy',
    'own-machine',
    'plan',
    'policy',
    'recut',
  ],
  ...['secrets', 'store'],
]
const program = [
  ...stories.map((name) => `test/cli/${name}.test.ts`),
  'test/deploy/deploy.test.ts',
  'test/deploy/rollback.test.ts',
  'test/targets/host.test.ts',
]

export default defineConfig({
  test: {
    projects: [
      project('main', ['test/**/*.test.ts'], ['test/crash/**', 'test/languages/**', ...program]),
      project('program', program),
      project('crash', ['test/crash/**/*.test.ts']),
      project('languages', ['test/languages/**/*.test.ts']),
    ],
  },
})
