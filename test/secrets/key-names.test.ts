import { describe, expect, test } from 'vitest'
import { findSecretKey, namesSecret } from '../../src/secrets/key-names.ts'

describe('a key names a secret', () => {
  test.each([
    'password',
    'Password',
    'PASSWORD',
    'dbPassword',
    'db_password',
    'db-password',
    'PGPASSWORD',
    'password2',
    'passwordHash',
    'passwd',
    'pwd',
    'userPwd',
    'pass_word',
    'passphrase',
    'token',
    'accessToken',
    'githubToken',
    'API_TOKEN',
    'authToken',
    'secret',
    'clientSecret',
    'client-secret',
    'secretValue',
    'dsn',
    'mainDsn',
    'DSN',
    'apiKey',
    'api_key',
    'apikey',
    'APIKEY',
    'API-Key',
    'privateKey',
    'private_key',
    'awsSecretAccessKey',
    'aws_access_key',
    'credential',
    'credentials',
    'auth',
    'basicAuth',
    'authorization',
    'connectionString',
    'jwt',
    'bearer',
    'creds',
    'ｐａｓｓｗｏｒｄ',
  ])('as %s does', (key) => expect(namesSecret(key, 'x')).toBe(true))

  test.each([
    'tokenCount',
    'token_limit',
    'author',
    'authority',
    'authorizedBy',
    'authMode',
    'readerUrlEnv',
    'passwordEnv',
    'secretName',
    'credentialId',
    'accessKeyId',
    'publicKey',
    'keyFile',
    'privateKeyFile',
    'key',
    'planDigest',
    'sourceSha256',
    'compass',
    'passed',
    'passes',
    'tokenUrl',
    'secretary',
    'allowedSigners',
    'revokedKeys',
    'grantMatrixDigest',
    'reason',
    'keyword',
    'dot_pair_signature',
  ])('as %s does not', (key) => expect(namesSecret(key, 'x')).toBe(false))

  test('but not where its value can only be an answer or a count', () => {
    expect(namesSecret('password', true)).toBe(false)
    expect(namesSecret('tokens', 812)).toBe(false)
    expect(namesSecret('password', 812)).toBe(true)
    expect(namesSecret('tokens', ['a'])).toBe(true)
  })
})

describe('a secret key is found', () => {
  test('at any depth, and named by its path', () => {
    expect(findSecretKey({ targets: [{ url: 'a', password: 'b' }] }, 'input')).toBe(
      'input.targets[0].password',
    )
    expect(findSecretKey({ 'a b': { apiKey: '' } }, 'input')).toBe('input["a b"].apiKey')
    expect(findSecretKey({ auth: { user: 'x' } }, 'plan')).toBe('plan.auth')
    expect(findSecretKey({ execution: {} }, '')).toBe(null)
    expect(findSecretKey({ dsn: null }, '')).toBe('dsn')
    expect(findSecretKey('password', 'input')).toBe(null)
  })

  test('below the name of a table, which is none itself', () => {
    const rows = { 'public.api_tokens': { updated: 86, columns: ['note'] } }
    expect(findSecretKey({ rows }, 'plan')).toBe(null)
    expect(findSecretKey({ 'public.api_tokens': { token: 86, id: 0 } }, 'plan')).toBe(null)
    expect(findSecretKey({ 'public.api_tokens': { token: 86, id: 'x' } }, 'plan')).toBe(
      'plan["public.api_tokens"].token',
    )
    expect(findSecretKey({ 'public.api_tokens': 'x' }, 'plan')).toBe('plan["public.api_tokens"]')
    expect(findSecretKey({ 'public.api_tokens': { password: 'x' } }, 'plan')).toBe(
      'plan["public.api_tokens"].password',
    )
  })
})
