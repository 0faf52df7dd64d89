/** The package of the Model Context Protocol. The build puts it into one file of its own, which no other command loads. */

export {
  createMcpHandler,
  createRequestStateCodec,
  inputRequired,
  isInitializeRequest,
  isJSONRPCResponse,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceTemplate,
} from '@modelcontextprotocol/server'
export { serveStdio } from '@modelcontextprotocol/server/stdio'
