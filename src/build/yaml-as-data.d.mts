import type { Plugin } from 'esbuild'

export const moduleOfYaml: (text: string) => string
export const yamlAsData: Plugin
