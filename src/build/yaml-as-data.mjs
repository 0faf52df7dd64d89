// Imports of *.yaml: the text, and what it says, so that no parser of YAML is loaded where a profile is used.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

export const moduleOfYaml = (text) =>
  `export const text = ${JSON.stringify(text)}; export const data = ${JSON.stringify(parse(text))}`

/** For esbuild. */
export const yamlAsData = {
  name: 'yaml',
  setup({ onLoad }) {
    onLoad({ filter: /\.yaml$/ }, ({ path }) => ({
      contents: moduleOfYaml(readFileSync(path, 'utf8')),
      loader: 'js',
    }))
  },
}
