/** Names that lead to a machine's metadata service, which gives credentials to whoever asks. */
const METADATA_HOSTS: readonly string[] = [
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
];

/** Addresses of metadata services outside of the link-local ranges: of AWS (IPv6), Alibaba, Oracle and Azure. */
const METADATA_ADDRESSES: readonly string[] = [
  '[fd00:ec2::254]',
  '100.100.100.200',
  '192.0.0.192',
  '168.63.129.16',
];

/** 169.254.0.0/16; the parser of URLs has turned every other spelling of an address into this one. */
const LINK_LOCAL_V4 = /^169\.254\./;
/** fe80::/10, and 169.254.0.0/16 as IPv4-mapped, IPv4-compatible, NAT64 or 6to4 addresses. */
const LINK_LOCAL_V6 = /^\[(?:fe[89ab][0-9a-f]:|::(?:ffff:)?a9fe:|64:ff9b::a9fe:|2002:a9fe:)/;

/**
 * Why a text cannot be the endpoint of a service; undefined: it can. Only http and https, no login, query or fragment, and no address that
 * leads to link-local machines or a metadata service: tokens and data would go there, or credentials come from there. Never quotes the text.
 */
export function serviceEndpointProblem(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:\/\/[^/]/i.test(text))
    return 'must be a URL with a host, as in http://127.0.0.1:9050';
  if (url.username !== '' || url.password !== '') return 'may not hold a login';
  if (url.search !== '' || url.hash !== '') return 'may have neither ? nor #';
  const host = url.hostname.toLowerCase().replace(/\.$/, '');
  const refused =
    METADATA_HOSTS.includes(host) ||
    METADATA_ADDRESSES.includes(host) ||
    LINK_LOCAL_V4.test(host) ||
    LINK_LOCAL_V6.test(host);
  return refused ? 'may not lead to link-local addresses or a metadata service' : undefined;
}
