/** What a door needs to keep secrets out of its output. */

export { redactSecretForms } from '../secrets/patterns.ts'
export { createSecretRegistry as createSecrets, type SecretRegistry } from '../secrets/redaction.ts'
