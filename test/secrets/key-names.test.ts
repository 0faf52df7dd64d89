import { describe, expect, test } from 'vitest'
import { findSecretKey, namesSecret } from '../../src/secrets/key-names.ts'

describe('namesSecret', () => {
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
  ])('finds a secret in the key %s', (key) => expect(namesSecret(key, 'x')).toBe(true))

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
  ])('finds no secret in the key %s', (key) => expect(namesSecret(key, 'x')).toBe(false))

  test('finds no secret where the value is a boolean or a count', () => {
    expect(namesSecret('password', true)).toBe(false)
    expect(namesSecret('tokens', 812)).toBe(false)
    expect(namesSecret('password', 812)).toBe(true)
    expect(namesSecret('tokens', ['a'])).toBe(true)
  })
})

describe('findSecretKey', () => {
  test('returns the path of a key at any depth', () => {
    expect(findSecretKey({ targets: [{ url: 'a', password: 'b' }] }, 'input')).toBe(
      'input.targets[0].password',
    )
    expect(findSecretKey({ 'a b': { apiKey: '' } }, 'input')).toBe('input["a b"].apiKey')
    expect(findSecretKey({ auth: { user: 'x' } }, 'plan')).toBe('plan.auth')
    expect(findSecretKey({ execution: {} }, '')).toBe(null)
    expect(findSecretKey({ dsn: null }, '')).toBe('dsn')
    expect(findSecretKey('password', 'input')).toBe(null)
  })

  test('searches below the name of a table', () => {
    const rows = { 'public.api_tokens': { updated: 86, columns: ['note'] } }
    expect(findSecretKey({ rows }, 'plan')).toBe(null)
    expect(findSecretKey({ 'public.api_tokens': { token: 86, id: 0 } }, 'plan')).toBe(null)
    expect(findSecretKey({ 'public.api_tokens': { token: 86, id: 'x' } }, 'plan')).toBe(
      'plan["public.api_tokens"].token',
    )
    expect(findSecretKey({ 'public.api_tokens': 'x' }, 'plan')).toBe('plan["public.api_tokens"]')
    expect(findSecretKey({ 'public.api_tokens': 'ShareUpdateExclusiveLock' }, 'plan')).toBe(null)
    expect(findSecretKey({ token: 'AccessShareLock' }, 'plan')).toBe('plan.token')
    expect(findSecretKey({ 'public.api_tokens': { password: 'x' } }, 'plan')).toBe(
      'plan["public.api_tokens"].password',
    )
  })
})
