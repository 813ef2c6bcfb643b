import type { AzureFailure } from './azure-failures';
import { asRecord } from './small-http';

/** The longest text of a service that an error shows, in characters. */
const MAX_MESSAGE = 300;
/** What @azure/identity calls its errors. */
const IDENTITY_ERROR = /^(?:CredentialUnavailable|Authentication|AggregateAuthentication)\w*Error$/;
/** Details that are about times; others repeat the text that was signed. */
const TIME_DETAIL =
  /^(?:Signature not valid in the specified time frame|Signature fields not well formed|The Date header)/;

const UNREADABLE = {
  status: undefined,
  message: 'the answer is not one of Azure Blob Storage',
  serverTimeMs: undefined,
  identity: false,
} as const;

/** What the library threw, without the request that it holds: its address may have a SAS token in it. Anything else is a failure without an answer. */
export function describeAzureFailure(error: unknown): AzureFailure {
  // The library reads members of an answer that it could make nothing of.
  if (error instanceof TypeError) return { ...UNREADABLE, code: 'PARSE_ERROR' };
  const { name, statusCode, code, message, response, details } = asRecord(error);
  const headers = headersOf(response);
  const status = typeof statusCode === 'number' ? statusCode : undefined;
  const detail =
    asRecord(details)['authenticationErrorDetail'] ?? asRecord(details)['AuthenticationErrorDetail'];
  const texts = [message, typeof detail === 'string' && TIME_DETAIL.test(detail) ? detail : undefined];
  const said = texts
    .flatMap((text) => (typeof text === 'string' && text !== '' ? [plain(text)] : []))
    .join(' ');
  const word = typeof code === 'string' ? code : undefined;
  if (word === 'PARSE_ERROR') return { ...UNREADABLE, code: word };
  const date = Date.parse(headers('date') ?? '');
  return {
    status,
    code: headers('x-ms-error-code') ?? (word === 'RestError' ? undefined : word),
    message: said === '' && status === undefined ? (word ?? 'the connection failed') : said,
    serverTimeMs: Number.isNaN(date) ? undefined : date,
    identity: typeof name === 'string' && IDENTITY_ERROR.test(name),
  };
}

function headersOf(response: unknown): (name: string) => string | undefined {
  const { headers } = asRecord(response);
  const { get } = asRecord(headers);
  if (typeof get !== 'function') return () => undefined;
  return (name) => {
    const value: unknown = Reflect.apply(get, headers, [name]);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
}

/** The first line; the next ones name the request. */
function plain(text: string): string {
  if (/^\s*</.test(text)) return '';
  const line = (text.trim().split('\n')[0] ?? '').replace(/\s+/g, ' ').replace(/\bsig=[^&\s"']+/gi, 'sig=…');
  return line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE)}…` : line;
}
