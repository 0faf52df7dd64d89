/** A YAML file as the build and the tests take it in: its text, and what it says. */
declare module '*.yaml' {
  export const text: string
  export const data: { [key: string]: unknown }
}
