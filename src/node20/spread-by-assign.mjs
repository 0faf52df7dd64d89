import { readFileSync } from 'node:fs'
import { transform } from 'esbuild'

// Remove with Node 20: Node 22 spreads as fast as it assigns.

/**
 * An esbuild plugin that builds a package with Object.assign where it spreads an object into a literal with more fields
 * (`{ ...a, b }`). Node 20 makes a hidden class for each such object, which is twenty times slower, and keeps everything that the
 * object refers to until a full collection. The package's objects must have no getters and no `__proto__`.
 */
export const spreadByAssign = (packageName) => ({
  name: 'spread by assign',
  setup({ onLoad }) {
    const ofPackage = new RegExp(`node_modules[\\\\/]${packageName}[\\\\/].*\\.(c|m)?js$`)
    onLoad({ filter: ofPackage }, async ({ path }) => {
      const source = readFileSync(path, 'utf8')
      const lowered = { target: 'node20', supported: { 'object-rest-spread': false } }
      const { code } = await transform(source, lowered)
      return { contents: withAssign(code), loader: 'js' }
    })
  },
})

/** Replaces the two functions into which esbuild turns a spread. */
function withAssign(code) {
  const replaced = code
    .replace(
      /^var __spreadValues = \(\w+, \w+\) => \{\n[\s\S]*?^\};$/m,
      'var __spreadValues = Object.assign;',
    )
    .replace(/^var __spreadProps = .*$/m, 'var __spreadProps = Object.assign;')
  for (const name of ['__spreadValues', '__spreadProps']) {
    const defined = replaced.match(new RegExp(`^var ${name} = (.*)$`, 'm'))
    if (defined !== null && defined[1] !== 'Object.assign;')
      throw new Error(`esbuild writes ${name} in another form now: adapt src/node20/spread-by-assign.mjs`)
  }
  return replaced
}
