// A real OpenID Connect provider on this machine: whoever comes may be whom they say, by login.
import { createServer } from 'node:http';
import { Provider } from '../../web/node_modules/oidc-provider/lib/index.js';

const [redirectUri] = process.argv.slice(2);
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'cityward',
        client_secret: 'secret-of-cityward',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    claims: { openid: ['sub'], profile: ['preferred_username'], email: ['email'] },
    pkce: { required: () => true },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id }),
    }),
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
// whoever started us reads one line; what follows may go unread
process.stdout.on('error', () => undefined);
server.keepAliveTimeout = 60_000;
// gone when whoever started us is
process.stdin.on('end', () => process.exit()).resume();
