import { LineCounter, parseDocument, type YAMLError } from 'yaml'

/** Faults of YAML in words of Cutter. The messages of the parser quote lines of the file, which may hold secrets. */
const FAULTS: { [code in YAMLError['code']]?: string } = {
  BAD_ALIAS: 'an alias is not valid',
  BAD_DQ_ESCAPE: 'a text in double quotes has an escape that YAML does not know',
  BAD_INDENT: 'a line has another indentation than the lines around it',
  BAD_SCALAR_START: 'a value begins with a character that needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a key holds more than one line',
  BLOCK_IN_FLOW: 'block style is not allowed inside { } or [ ]',
  DUPLICATE_KEY: 'a key occurs twice',
  MISSING_CHAR: 'a bracket, a quote or a comma is missing',
  MULTILINE_IMPLICIT_KEY: 'a key extends over several lines',
  NON_STRING_KEY: 'a key is not a text',
  MULTIPLE_DOCS: 'the file has several documents (a line ---), but Cutter reads only one',
  TAB_AS_INDENT: 'a line is indented with a tab, which YAML does not allow',
  TAG_RESOLVE_FAILED: 'a value has an unknown tag (!)',
  UNEXPECTED_TOKEN: 'YAML does not allow this text here',
}

/** The value of a text with one YAML document, `{}` for an empty one; or the first fault with its line and column. */
export function readYaml(text: string): { value: unknown } | { fault: string } {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    prettyErrors: false,
    stringKeys: true,
    lineCounter: lines,
  })
  const [error] = [...document.errors, ...document.warnings]
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0])
    return { fault: `${FAULTS[error.code] ?? 'it is not valid YAML'}, at line ${line}, column ${col}` }
  }
  // After this point a warning of the parser would print a line of the file.
  document.options.logLevel = 'silent'
  try {
    return { value: document.toJS() ?? {} }
  } catch {
    return { fault: 'an alias (*) names no earlier anchor (&), or is used too often' }
  }
}

/**
 * Sets values in a YAML text, and keeps its comments and everything else.
 * @param values by the path of their keys; undefined removes the key
 * @throws TypeError when the text is no YAML, which `readYaml` reports better
 */
export function editYaml(text: string, values: { path: string[]; value: unknown }[]): string {
  const document = parseDocument(text, { stringKeys: true })
  if (document.errors.length > 0) throw new TypeError('the text is not valid YAML')
  for (const { path, value } of values) {
    if (value === undefined) document.deleteIn(path)
    else document.setIn(path, document.createNode(value))
  }
  return document.toString({ lineWidth: 0 })
}
