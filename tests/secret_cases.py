# ruff: noqa: E501  (a row of examples is read as one line)
"""For each rule: what it must find, and what only looks like it.

No whole token stands in this file: each is put together here, so that whoever scans
this repository finds none.
"""

import string

# Drawn once, as tokens are: of letters and digits, of hexadecimal digits, of capitals.
A = "aB3dE6gH9kLm2Np5QrSt8UvWx4Yz7Jc1" * 20
H = "0a1b9c8d7e6f5a4b3c2d1e0f96a8b7c5" * 20
C = "K7Q2M9X4P1T8R5W3Z6B0V2N4D6F8H1J3" * 10
UUID = f"{H[:8]}-{H[8:12]}-{H[12:16]}-{H[16:20]}-{H[20:32]}"
KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\n{}-----END RSA " + "PRIVATE KEY-----"
JWT = "ey" + "J" + A[:20]
WORDS = "an-ordinary-long-name-of-words-and-nothing-else"

Cases = tuple[tuple[str, ...], tuple[str, ...]]

KEYS: dict[str, Cases] = {
    "age-key": (
        tuple("AGE-SECRET" + "-KEY-1" + c * 58 for c in "Q7M"),
        ("AGE-SECRET-KEY-1", "age1" + "q" * 58, "AGE-SECRET-KEY-2" + "Q" * 58),
    ),
    "jwt": (
        (
            f"{JWT}.ey" + "J" + A[:30] + "." + A[:40],
            f"t: {JWT}." + A[:9] + "." + A[:9],
            f"({JWT}.ey" + "J" + A[:20] + ")",
            f"{JWT}..{A[:16]}.{A[:30]}.{A[:22]}",
        ),
        ("eyJ.a.b", f"{JWT}.{A[:20]}", f"k{JWT}.{A[:20]}.{A[:20]}"),
    ),
    "aws-key-id": (
        (
            "AK" + "IA" + "A2B3C4D5E6F7G2H3",
            "id=AS" + "IA" + "Z" * 16,
            "(AB" + "IA" + "7" * 16 + ")",
            "A3" + "T0" + "Z" * 16,
        ),
        ("AKIA", "AK" + "IA" + "abcdefghijklmnop", "XAK" + "IA" + "A" * 16),
    ),
    "aws-secret": (
        (
            "AWS says " + A[:40],
            "on aws, use it\n\n" + A[3:43],
            "AWS\t" + A[:20] + "/+" + A[:18] + "\n",
        ),
        ("see " + A[:40], "AWS commit " + H[:40], "aws " + "deploy-" * 6),
    ),
    "bedrock-key": (
        ("ABSK" + A[:120], "ABSK" + A[:130] + "==", "bedrock-api-key-" + A[:60]),
        ("ABSK", "ABSKETCH", "bedrock-api-key-name"),
    ),
    "google-key": (
        (
            "AI" + "za" + A[:35],
            "GOCSPX" + "-" + A[:28],
            "ya29" + "." + A[:40],
            "1/" + "/0" + A[:43],
        ),
        ("AIzaShort", "AI" + "za" + A[:50], "GOCSPX-no"),
    ),
    "azure-client-secret": (
        tuple(f"{head}8" + "Q~" + A[:tail] for head, tail in (("aBc", 34), ("x.Y", 32),
                                                            ("~Gg", 33))),
        ("abc8Q~short", "q~" + A[:34], "ABCQ~" + A[:34]),
    ),
    "azure-storage-key": (
        (
            "AccountKey=" + A[:86] + "==",
            "SharedAccessKey=" + A[:43] + "=",
            "Endpoint=sb://x/;accountkey = " + A[:86],
        ),
        ("AccountKey=", "AccountKey=none", "the account key " + H[:10]),
    ),
    "signed-url": (
        (
            "https://x.blob/y?sv=2020&sig=" + A[:43] + "%3D",
            "https://s3/x?X-Amz-Signature=" + H[:64],
            "https://g/x?X-Goog-Signature=" + H[:128],
        ),
        ("?sig=short", "signature=" + "a" * 10, "config=" + A[:40]),
    ),
    "digitalocean-token": (
        tuple(f"do{c}_v1_" + H[:64] for c in "opr"),
        ("dop_v1_" + H[:20], "dox_v1_" + H[:64], "adop_v1_" + H[:64]),
    ),
    "alibaba-key": (
        tuple("LT" + "AI" + A[:n] for n in (16, 20, 24)),
        ("LTAI", "LTAI" + A[:60], "ALTAI" + A[:20]),
    ),
    "tencent-key": (
        tuple("AK" + "ID" + A[n : n + 32] for n in (0, 3, 7)),
        ("AKID", "AKID" + "a" * 32, "AKID" + A[:60]),
    ),
    "heroku-key": (
        ("HRKU-" + UUID, "HRKU-AA" + A[:58], "(HRKU-" + UUID + ")"),
        ("HRKU-1", "hrku", "THRKU-" + UUID),
    ),
    "cloudflare-key": (
        tuple(f"{lead}v1.0-" + H[:24] + "-" + H[:146] for lead in ("", "x=", "(")),
        ("v1.0-" + H[:24], "v1.0-rc1", "v1.0-" + H[:24] + "-" + H[:20]),
    ),
    "fly-token": (
        ("fo1_" + A[:43], "fm2_" + A[:90], "fm1r_" + A[:70]),
        ("fo1_x", "fm2_" + A[:10], "info1_" + A[:43]),
    ),
    "netlify-token": (
        tuple(f"{lead}nfp_" + A[:36] for lead in ("", "t ", "'")),
        ("nfp_x", "nfp_" + A[:20], "anfp_" + A[:36]),
    ),
    "database-token": (
        ("sbp_" + H[:40], "pscale_tkn_" + A[:43], "sb_secret_" + A[:30]),
        ("sbp_x", "pscale_branch_" + A[:43], "usbp_" + H[:40]),
    ),
    "databricks-token": (
        tuple("dapi" + H[n : n + 32] + end for n, end in ((0, ""), (3, "-2"), (7, ""))),
        ("dapi", "dapi" + H[:20], "dapi" + "g" * 32),
    ),
    "vault-token": (
        ("hvs." + A[:90], "hvb." + A[:140], "s." + A[:24]),
        ("hvs.x", "s.format", "this." + A[:24], "s." + "a" * 24),
    ),
    "terraform-token": (
        tuple(A[:14] + ".atlas" + "v1." + A[:n] for n in (60, 67, 70)),
        (".atlasv1.", "x.atlasv1." + A[:67], A[:14] + ".atlasv1." + A[:10]),
    ),
    "doppler-token": (
        ("dp.pt." + A[:43], "dp.st.dev." + A[:43], "dp.ct." + A[:40]),
        ("dp.pt.x", "dp.table." + A[:10], "adp.pt." + A[:43]),
    ),
    "1password-token": (
        (
            "ops_ey" + "J" + A[:250],
            "A3-" + f"{C[:6]}-{C[:11]}-{C[:5]}-{C[5:10]}-{C[2:7]}",
            "A3-" + f"{C[:6]}-{C[:6]}-{C[:5]}-{C[:5]}-{C[5:10]}-{C[2:7]}",
        ),
        ("ops_eyJ", "A3-paper", "A3-" + C[:6]),
    ),
    "pulumi-token": (
        tuple(f"{lead}pul-" + H[:40] for lead in ("", "x ", "=")),
        ("pul-x", "pul-" + H[:20], "pul-" + H[:60]),
    ),
    "openshift-token": (
        tuple(f"{lead}sha256~" + A[:43] for lead in ("", "x ", "'")),
        ("sha256~x", "sha256:" + H[:64], "xsha256~" + A[:43]),
    ),
    "tailscale-key": (
        ("tskey-auth-" + A[:30], "tskey-api-" + A[:30], "tskey-client-" + A[:40]),
        ("tskey-", "tskey-auth-x", "mytskey-auth-" + A[:30]),
    ),
}  # fmt: skip

TOKENS: dict[str, Cases] = {
    "github-token": (
        ("ghp" + "_" + A[:36], "gho" + "_" + A[:40], "github" + "_pat_" + A[:60]),
        ("ghp_short", "github_path_to_it", "xghp" + "_" + A[:36]),
    ),
    "gitlab-token": (
        ("glpat" + "-" + A[:20], "gldt" + "-" + A[:22], "GR1348941" + A[:20],
         "glpat" + "-" + string.ascii_letters[:24]),
        ("glpat-short", "glossary-" + A[:20], "gl-" + A[:20]),
    ),
    "atlassian-token": (
        ("ATATT" + "3xFf" + A[:180], "AT" + "BB" + A[:32], "BBDC-" + A[:40]),
        ("ATATT3", "ATBBabc", "ATBB" + "a" * 32),
    ),
    "sourcegraph-token": (
        ("sgp_" + H[:40], "sgp_local_" + H[:40], "slk_" + H[:64]),
        ("sgp_x", "sgp_" + H[:20], "xsgp_" + H[:40]),
    ),
    "npm-token": (
        ("npm" + "_" + A[:36], "t npm" + "_" + "b" * 36, "(npm" + "_" + A[:36] + ")"),
        ("npm_config_cache", "npm" + "_" + A[:35], "npm" + "_" + A[:40]),
    ),
    "pypi-token": (
        tuple(f"{lead}pypi" + "-AgE" + A[:60] for lead in ("", "x ", "=")),
        ("pypi-AgEnt", "pypi-server", "pypi-" + A[:60]),
    ),
    "package-token": (
        ("rubygems" + "_" + H[:48], "ci" + "o" + A[:32], "dckr" + "_pat_" + A[:27],
         "oy" + "2" + A[:43].lower()),
        ("rubygems_api", "cio" + A[:10], "dckr_pat_x"),
    ),
    "artifactory-key": (
        ("AK" + "Cp" + A[:69], "AP" + "6" + A[:40], "cmV" + "md" + A[:59]),
        ("AKC", "APA style", "APPLICATIONS", "AP" + "6x"),
    ),
    "ci-token": (
        ("CCIPAT" + "_" + A[:22] + "_" + H[:40], "sq" + "p_" + H[:40],
         "API-" + C[:26]),
        ("CCIPAT_x", "API-REFERENCE", "API-" + "A" * 26),
    ),
    "anthropic-key": (
        ("sk" + "-ant-api03-" + A[:80], "sk" + "-ant-" + A[:30],
         "k sk" + "-ant-sid01-" + A[:30]),
        ("sk-ant-short", "task-ant-" + A[:30], "sk-antelope"),
    ),
    "openai-key": (
        ("sk" + "-proj-" + A[:48], "sk" + "-" + A[:48], "sk" + "-svcacct-" + A[:40]),
        ("sk-short1", "sk-learn-is-a-nice-library-to-have", "risk-" + A[:40]),
    ),
    "huggingface-token": (
        ("hf" + "_" + A[:34], "x=hf" + "_" + string.ascii_letters[9:43],
         "api" + "_org_" + A[:34]),
        ("hf_hub_download", "hf_" + "a" * 10, "self" + "hf" + "_" + A[:34],
         "hf_" + "servingcellpriorityparametersdescription_h"),
    ),
    "model-key": (
        ("gs" + "k_" + A[:52], "xa" + "i-" + A[:80], "pplx" + "-" + A[:48],
         "r8" + "_" + A[:37], "nvapi" + "-" + A[:64],
         "lsv2" + "_pt_" + H[:32] + "_" + H[:10]),
        ("gsk_x", "xai-grok-is-a-model", "r8_" + A[:10]),
    ),
    "slack-token": (
        (
            "xoxb" + "-" + "1234567890-" + A[:24],
            "xapp" + "-1-" + A[:20],
            "https://hooks." + "slack.com/services/T0/B0/" + A[:24],
            "https://hooks." + "slack.com/workflows/T0/B0/1/" + A[:24],
        ),
        ("xoxo-hugs", "xoxb-1", "https://slack.com/services/" + "a" * 24),
    ),
    "discord-token": (
        (
            "MT" + A[:22] + "." + A[:6] + "." + A[:27],
            "t=Nz" + A[:24] + "." + A[:6] + "." + A[:38],
            "https://discord.com/api/web" + "hooks/123456789012345678/" + A[:68],
        ),
        ("MT.a.b", "https://discord.com/api/webhooks/", "xMT" + A[:22] + ".abc.def"),
    ),
    "telegram-token": (
        tuple(n + ":" + "AA" + A[:33] for n in ("110201543", "7213808860", "12345678")),
        ("12:30", "110201543:AAH", "110201543:" + "1" * 35),
    ),
    "webhook": (
        (
            "https://x.webhook" + ".office.com/webhookb2/" + UUID,
            "https://chat.google" + "apis.com/v1/spaces/AAA/messages?key=" + A[:30],
            "https://hooks.zap" + "ier.com/hooks/catch/1234567/abc1234/",
        ),
        ("https://office.com/", "https://chat.googleapis.com/", "a webhook"),
    ),
    "twilio-key": (
        ("SK" + "0a1b2c3d" * 4, "AC" + "f1" * 16, "(SK" + "9" * 32 + ")"),
        ("SK" + "g" * 32, "SK" + "a" * 31, "TASK" + "a" * 32),
    ),
}  # fmt: skip

SERVICES: dict[str, Cases] = {
    "stripe-key": (
        ("sk" + "_live_" + A[:24], "rk" + "_test_" + A[:24], "whsec" + "_" + A[:32]),
        ("sk_live_", "pk" + "_live_" + A[:24], "task_live_" + A[:24]),
    ),
    "square-token": (
        ("sq0atp" + "-" + A[:22], "sq0csp" + "-" + A[:43], "EA" + "AA" + A[:60]),
        ("sq0atp-x", "EAAA", "sq0xyz-" + A[:22]),
    ),
    "shopify-token": (
        tuple(f"shp{kind}_" + H[:32] for kind in ("at", "ca", "ss")),
        ("shpat_x", "ship_" + H[:32], "shpxy_" + H[:32]),
    ),
    "payment-key": (
        ("rzp" + "_live_" + A[:14], "access-" + "sandbox-" + UUID,
         "shippo" + "_live_" + H[:40], "EZ" + "AK" + A[:54]),
        ("rzp_live_", "access-denied-" + UUID, "shippo_orders"),
    ),
    "sendgrid-key": (
        ("SG" + "." + A[:22] + "." + A[:43], "k SG" + "." + "x" * 22 + "." + A[:43],
         "'SG" + "." + A[:22] + "." + A[:43]),
        ("SG.1.2", "MSG." + A[:22] + "." + A[:43], "SG." + A[:22]),
    ),
    "mailchimp-key": (
        tuple(H[:32] + end for end in ("-us1", "-us12", "-us20")),
        (H[:32] + "-eu1", H[:20] + "-us1", "x" * 32 + "-us1"),
    ),
    "mail-service-key": (
        ("key-" + H[:32], "xkey" + "sib-" + H[:64] + "-" + A[:16],
         "re" + "_" + A[:8] + "_" + A[:24], H[:32] + "-" + H[:8] + "-" + H[:8]),
        ("key-value", "re_use_it", "xkeysib-x"),
    ),
    "monitoring-key": (
        ("NRAK" + "-" + C[:27], "glsa" + "_" + A[:32] + "_" + H[:8],
         "dt0" + "c01." + C[:24] + "." + C[:64]),
        ("NRAK-x", "glc_x", "dt0c01.short"),
    ),
    "workplace-token": (
        ("ntn" + "_" + "1" * 11 + A[:35], "secret" + "_" + A[:43],
         "lin" + "_api_" + A[:40], "figd" + "_" + A[:43]),
        ("ntn_x", "secret_santa", "lin_api_x"),
    ),
    "mapbox-token": (
        tuple("sk" + ".ey" + "J" + A[:n] + "." + A[:22] for n in (50, 70, 90)),
        ("sk.eyJ", "sk.x." + A[:22], "task.x"),
    ),
    "dropbox-token": (
        tuple("sl" + "." + A[:n] for n in (70, 130, 200)),
        ("sl.x", "sl." + A[:20], "xsl." + A[:130]),
    ),
    "social-token": (
        ("EA" + "AM" + A[:160], "123456789012345|" + A[:27],
         "A" * 22 + "%" + A[:80]),
        ("EAAMx", "123|456", "A" * 22),
    ),
    "school-secret": (
        ("s-s4t2" + "ud-" + H[:64], "s-s4t2" + "af-" + H[:64], "s-s4t2" + "ud-" + H[:70]),
        ("s-s4t2ud-x", "s-s4t2", "s-s4t3ud-" + H[:64]),
    ),
    "device-token": (
        ("aio" + "_abcd12" + A[:22], "fio" + "-u-" + A[:64], "tk" + "-us-" + A[:48]),
        ("aio_x", "fio-u-x", "tk-us-x"),
    ),
    "okta-token": (
        tuple("00" + A[n : n + 40] for n in (0, 5, 11)),
        ("00" + "1" * 40, "00" + H[:40], "00" + A[:20]),
    ),
}  # fmt: skip

NAMED: dict[str, Cases] = {
    "private-key": (
        (
            KEY.format("MIIE" + A + "\n"),
            "x " + KEY.format("Proc-Type: 4\n\n" + A) + " y",
            "-----BEGIN " + "PRIVATE KEY-----\n" + A,
        ),
        ("-----BEGIN PUBLIC KEY-----", "a private key", "-----BEGIN CERTIFICATE-----"),
    ),
    "bearer-token": (
        ("Bearer " + A[:40], "bearer  " + A[:20] + "==", "Basic " + "dXNlcjE6" * 4,
         "Basic " + "YWJjOmRlZg=="),
        ("Bearer token", "bearer of bad news everywhere", "Basic " + "x" * 5),
    ),
    "authorization": (
        ("Authorization: Token " + H[:40], "'authorization': '" + A[:20],
         "Proxy-Authorization: " + UUID, "Authorization: SSWS " + A[:30]),
        ("Authorization: $TOKEN1", "Authorization: <token1234>", "authorization code"),
    ),
    "secret-header": (
        ("X-Api-Key: " + A[:20], "x-vault-token: " + UUID, "'X-Auth-Token': '" + A[:24]),
        ("X-Request-Id: " + UUID, "X-Api-Key: <your key here>", "x-axis: 1234567890"),
    ),
    "cookie": (
        ("Cookie: sid=" + A[:24], "Set-Cookie: a=" + A[:9] + "; Path=/",
         "-H 'cookie: x=1234567890; y=2'"),
        ("cookies: 3", "a cookie: it is sweet", "Cookie: sid=<value>"),
    ),
    "session-id": (
        ("PHPSESSID=" + A[:26], "session_id: " + A[:32], "JSESSIONID=" + C[:32]),
        ("session_id: str", "sessionid=short1", "the session id"),
    ),
    "url-password": (
        ("postgres://app:" + "s3cret@db/x", "https://a:" + "b@c.de", "amqp://:" + "p@w@host"),
        ("https://a.de:8080/x", "ssh://git@host/x", "https://a.de/x:y@z"),
    ),
    "url-token": (
        ("https://a.de/?access_token=" + A[:20], "/x?a=1&key=" + H[:32],
         "?api_key=" + A[:16] + "&b=2"),
        ("?token=short", "?key=value&b=2", "?token=$TOKEN_1234567"),
    ),
    "login": (
        ("curl -u elastic:" + "P@ssw0rd https://x", "curl --user 'a:" + "b1c2d3' x",
         "curl -u \":" + "d2LkV78zLx\" x"),
        ("curl -u $USER:$PASS x", "sort -u a.txt", "docker run -u 1000 x"),
    ),
    "netrc": (
        tuple(f"machine a.de{gap}login ada{gap}password " + "hunter2x" for gap in (" ", "\n", "\t")),
        ("machine learning", "machine a.de login ada", "the machine password"),
    ),
    "command-password": (
        ("sshpass -p " + "hunter2x ssh a", "mysql -u root -p" + "hunter2x db",
         "docker login -u ada -p " + "hunter2x"),
        ("mysql -u root -p", "docker login ghcr.io", "ssh -p 2222 a"),
    ),
    "service-key": (
        ("datadog: " + H[:32], "ALGOLIA_ADMIN = '" + H[:32], "trello key = " + A[:32]),
        ("datadog: https://a.de", "fastly: " + WORDS, "okta: see below"),
    ),
    "password-hash": (
        ("$2b" + "$12$" + A[:53], "$6" + "$salt$" + A[:86], "$argon2id" + "$v=19$m=1$" + A[:40]),
        ("$2b or not", "$100", "$6.50"),
    ),
    "one-time-secret": (
        tuple(f"otpauth://{kind}/Ada?{more}secret=" + "JBSWY3DP" * 3
              for kind, more in (("totp", ""), ("hotp", "issuer=a&"), ("totp", "digits=6&"))),
        ("otpauth://totp/Ada", "otpauth://totp/Ada?secret=x", "the secret=none"),
    ),
    "password": (
        ("my password is " + "Tr0ub4dor", "pwd is: '" + "hunter2!",
         "The passphrase was " + "a-b-c-d", "mein Passwort ist " + "geheim99"),
        ("my password is wrong", "the password is too short",
         "password is $" + "PASSWORD1"),
    ),
    "credential": (
        (
            "password = " + "hunter2x!",
            'API_KEY="' + A[:20] + '"',
            "{'client_secret': '" + A[:16] + "'}",
            "aws_secret_access_key=" + A[:39],
        ),
        (
            "password: str = input()",
            "token = make_token_2(user)",
            "tokens: 4096",
            "password=${PASSWORD_1}",
            "author = 'ada-1815'",
            "secret = os.environ['X1']",
            "apikey: 'insert_key_here'",
            "length = X25519.secret_length",
        ),
    ),
}  # fmt: skip

AT = "@"
PERSONAL: dict[str, Cases] = {
    "mail": (
        (f"ada{AT}harbour.co", f"<a.b+c{AT}mail.x-y.org>", f"A{AT}b.museum"),
        ("git@github.com:a/b", "a@example.com", "@app.get", "me@example", "x@1.2.3"),
    ),
    "iban": (
        ("DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819",
         "it is FR1420041010050500013M02606 for now",
         "ES91 2100 0418 4502 0005 1332 with", "NL91 ABNA 0417 1643 00"),
        ("DE89 3704 0044 0532 0130 01", "GB29 is a room", "AB12CD34EF56GH78"),
    ),
    "payment-card": (
        ("4111 1111 1111 1111", "5555555555554444", "3782 822463 10005",
         "6011-1111-1111-1117"),
        ("4111 1111 1111 1112", "1700000000000000", "id 4111-1111", "0.4111111111111111"),
    ),
    "phone": (
        ("+49 151 23456789", "(212) 555-7890", "06 12 34 56 78", "+1-415-867-5309",
         "0171/2345678", "07911 123 456"),
        ("2026-11-24", "1.22.333", "+1234", "(212) 555-0123", "10000000 + 20000000",
         "2026-11-24T10:30:00+01:00", "127.0.0.1:8080"),
    ),
    "phone-number": (
        ("call me at 555 867 5309", "Tel.: 030 901820", "my phone is 4158675309"),
        ("phone 12 pro", "call me at 10:30", "signal 15"),
    ),
    "ip-address": (
        ("55.21.243.181", "http://93.184.215.14/x", "2a00:1450:4001:81b::200e"),
        ("127.0.0.1", "192.168.1.7", "version 99.1.2.3", "Chrome/120.0.0.0",
         "203.0.113.9", "1.2.3.4", "8.8.8.8", "2001:db8::1", "a::b", "10:30:45"),
    ),
    "street-address": (
        ("12 Abbey Road", "221b Baker Street", "5 rue de la Paix",
         "1600 Pennsylvania Ave, Washington DC"),
        ("on Main Street", "5 Google Drive files", "3 Ways Forward", "the 101 Main Ave"),
    ),
    "street-number": (
        ("Hauptstraße 5", "Unter den Linden Str. 12", "Kerkstraat 12", "Calle Mayor 3",
         "Via Roma, 12", "PO Box 1234"),
        ("Via Docker 24", "Spring 5", "die Straße", "CPU Ring 0"),
    ),
    "national-id": (
        ("078-05-1120", "AB 12 34 56 C", "12345678Z", "RSSMRA85T10A562S",
         "85.07.30-033.28", "811228-9874", "131052-308T", "111.444.777-35",
         "11010519491231002X", "2 69 05 49 588 157 80", "X1234567L"),
        ("000-12-3456", "12345678A", "811228-9875", "111.444.777-36", "1.222.333",
         "20261124-1030", "85.07.30-033.29"),
    ),
    "id-number": (
        ("passport C01X00T47", "Steuer-ID: 86095742719", "NHS 943 476 5919",
         "BSN 111222333", "SSN 078051120"),
        ("passport photo 35", "NHS 943 476 5918", "sin 45", "tax id"),
    ),
}  # fmt: skip

CASES = {**KEYS, **TOKENS, **SERVICES, **NAMED, **PERSONAL}
