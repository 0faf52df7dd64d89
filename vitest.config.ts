import { defineConfig } from 'vitest/config'
import { parse } from 'yaml'

// As src/build-yaml.mjs does for the build.
const yamlAsData = {
  name: 'yaml',
  transform: (text: string, id: string) =>
    id.endsWith('.yaml')
      ? `export const text = ${JSON.stringify(text)}; export const data = ${JSON.stringify(parse(text))}`
      : null,
}

// Three projects: `main` is what `npm test` runs; the two long suites have scripts of their own.
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

export default defineConfig({
  test: {
    projects: [
      project('main', ['test/**/*.test.ts'], ['test/crash/**', 'test/languages/**']),
      project('crash', ['test/crash/**/*.test.ts']),
      project('languages', ['test/languages/**/*.test.ts']),
    ],
  },
})
