import { defineConfig } from 'vitest/config'

// Three projects: `main` is what `npm test` runs; the two long suites have scripts of their own.
const project = (name: string, include: string[], exclude: string[] = []) => ({
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

export default defineConfig({
  test: {
    projects: [
      project('main', ['test/**/*.test.ts'], ['test/crash/**', 'test/languages/**']),
      project('crash', ['test/crash/**/*.test.ts']),
      project('languages', ['test/languages/**/*.test.ts']),
    ],
  },
})
