import type { Home } from '../../app/open-home.ts'
import { signText } from '../../approvals/openssh/sign-text.ts'
import { parseStatement } from '../../approvals/parse-statement.ts'
import { namespaceOf } from '../../approvals/statement.ts'
import { CLOSEOUT_NAMESPACE } from '../../bundle/closeout-statement.ts'
import { openTools } from '../../tools/open-tools.ts'

/**
 * Signs a statement that a service composed, with a key of whoever runs this process. Opens no store.
 * @returns OpenSSH's armored signature
 * @throws INPUT_REFUSED when the key does not sign, TOOL_MISSING without ssh-keygen
 */
export async function signStatement(
  home: Pick<Home, 'config'>,
  { statement: text, key: keyFile }: { statement: string; key: string },
): Promise<string> {
  const { machine, gate } = parseStatement(text)
  const tools = openTools((await home.config()).tools)
  return signText({ text, keyFile, namespace: namespaceOf(machine, gate), tools })
}

/**
 * Signs the statement of a closeout in the same way.
 * @throws as `signStatement`
 */
export async function signCloseoutStatement(
  home: Pick<Home, 'config'>,
  { statement: text, key: keyFile }: { statement: string; key: string },
): Promise<string> {
  const tools = openTools((await home.config()).tools)
  return signText({ text, keyFile, namespace: CLOSEOUT_NAMESPACE, tools })
}
