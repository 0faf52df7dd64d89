import { readFileSync } from 'node:fs'
import { transform } from 'esbuild'

/**
 * Node 20 makes a hidden class for each object that is spread into a literal and given more fields there (`{ ...a, b }`): twenty
 * times slower than Object.assign, and all that such an object holds stays until a full collection. Node 22 does not. A package
 * that works like that at every step is built with Object.assign instead. Its objects must have no getters and no `__proto__`.
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

/** The two functions into which esbuild turns a spread, by their names. */
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
      throw new Error(`esbuild writes ${name} in another way now: mend src/node20/spread-by-assign.mjs`)
  }
  return replaced
}
