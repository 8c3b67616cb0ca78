"""Tokens of services for paying, mailing, watching, writing and meeting."""

from persona_cli.secrets.rule import END, START, Rule, rule

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

SERVICES: tuple[Rule, ...] = (
    rule(
        "stripe-key",
        START + r"(?:(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,250}"
        r"|whsec_[A-Za-z0-9+/=]{24,250})",
        "k_live_", "k_test_", "k_prod_", "whsec_",
    ),
    rule(
        "square-token",
        START + r"(?:sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,60}|EAAA[A-Za-z0-9_-]{60})"
        + END,
        "sq0atp-", "sq0csp-", "sq0idp-", "eaaa",
    ),
    rule(
        "shopify-token",
        START + r"shp(?:at|ca|pa|ss|ua|tka)_[a-fA-F0-9]{32}",
        form="shp[a-z]{2,3}_[a-f0-9]{9}",
    ),
    rule(
        "payment-key",
        # PayPal and Braintree, Razorpay, Plaid, Flutterwave, EasyPost, Shippo, Adyen
        START + r"(?:access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{32}"
        rf"|rzp_(?:live|test)_[A-Za-z0-9]{{14,24}}|access-(?:sandbox|production|development)-{_UUID}"
        r"|FLWSECK(?:_TEST)?-[A-Za-z0-9-]{12,60}|EZ[AT]K[a-zA-Z0-9]{54}"
        r"|shippo_(?:live|test)_[a-f0-9]{40}|AQE[a-z0-9A-Z]{10,60}\.[A-Za-z0-9_/+-]{20,300})",
        "access_token$", "rzp_live_", "rzp_test_", "access-sandbox-",
        "access-production-", "access-development-", "flwseck", "shippo_",
        either=True,
        form=r"\bez[at]k[a-z0-9]{9}|\baqe[a-z0-9]{10,60}\.",
    ),
    rule(
        "sendgrid-key",
        START + r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}",
        form=r"sg\.[a-z0-9_-]{9}",
    ),
    rule(
        "mailchimp-key",
        r"\b[0-9a-f]{32}-us[0-9]{1,2}\b",
        form="[0-9a-f]-us[0-9]",
    ),
    rule(
        "mail-service-key",
        # Mailgun, Brevo, Resend, Mailersend
        START + r"(?:key-[0-9a-f]{32}|xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}"
        r"|xsmtpsib-[a-f0-9]{64}-[A-Za-z0-9]{16}|mlsn\.[a-f0-9]{64}"
        r"|re_[A-Za-z0-9]{8}_[A-Za-z0-9]{22,30}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})"
        + END,
        "xkeysib-", "xsmtpsib-", "mlsn.",
        either=True,
        form=r"\bkey-[0-9a-f]{9}|\bre_[a-z0-9]{8}_[a-z0-9]{9}|[0-9a-f]-[0-9a-f]{8}-",
    ),
    rule(
        "monitoring-key",
        # New Relic, Grafana, Sentry, Dynatrace, Honeycomb, PostHog, Prefect, Infracost
        START + r"(?:NR(?:AK|JS|II|RA)-[A-Za-z0-9]{19,40}|glc_[A-Za-z0-9+/=]{32,400}"
        r"|glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|sntry[su]_[A-Za-z0-9+/=_]{40,300}"
        r"|dt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}|hcaik_[a-z0-9]{58}"
        r"|ph[xs]_[A-Za-z0-9]{40,60}|pnu_[A-Za-z0-9]{36}|ico-[A-Za-z0-9]{32})" + END,
        "nrak-", "nrjs-", "nrii-", "nrra-", "glc_", "glsa_", "sntrys_", "sntryu_",
        "hcaik_", "phx_", "phs_", "pnu_", "ico-",
        either=True,
        form=r"\bdt0[a-z][0-9]{2}\.[a-z0-9]{24}\.",
        check=lambda item: any(c.isdigit() for c in item) or "xxxx" in item.lower(),
    ),
    rule(
        "workplace-token",
        # Notion, Linear, Airtable, Figma, Postman, Contentful, Typeform, Asana, ReadMe
        START + r"(?:ntn_[0-9]{11}[A-Za-z0-9]{32,40}|secret_[A-Za-z0-9]{43}"
        r"|lin_(?:api|oauth)_[A-Za-z0-9]{32,64}|pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"
        r"|fig[dour]_[A-Za-z0-9_-]{40,60}|PMAK-[a-f0-9]{24}-[a-f0-9]{34}"
        r"|CFPAT-[A-Za-z0-9_-]{43}|tfp_[A-Za-z0-9_.=-]{40,70}|rdme_[a-z0-9]{70}"
        r"|xn8s9h[a-z0-9]{60,80})" + END,
        "ntn_", "lin_api_", "lin_oauth_", "pmak-", "cfpat-", "tfp_", "rdme_",
        either=True,
        form=r"\bsecret_[a-z0-9]{9}|\bpat[a-z0-9]{14}\.[a-f0-9]{9}|\bfig[dour]_[a-z0-9_-]{9}",
    ),
    rule(
        "mapbox-token",
        START + r"sk\.eyJ[A-Za-z0-9_-]{40,300}\.[A-Za-z0-9_-]{20,40}",
        "sk.eyj",
    ),
    rule(
        "dropbox-token",
        r"(?<![A-Za-z0-9_.-])sl\.(?:u\.)?[A-Za-z0-9_-]{60,2000}",
        form=r"\bsl\.(?:u\.)?[a-z0-9_-]{9}",
    ),
    rule(
        "social-token",
        # Facebook and Instagram; an app's id with its secret; X
        START + r"(?:EAA[A-Z][A-Za-z0-9]{80,400}|IG[A-Z]{2,3}[A-Za-z0-9_-]{100,400}"
        r"|[0-9]{15,16}\|[A-Za-z0-9_-]{27,40}|AAAAAAAAAAAAAAAAAAAAA[A-Za-z0-9%]{50,150})"
        + END,
        "aaaaaaaaaaaaaaaaaaaaa",
        either=True,
        form=r"\beaa[a-z][a-z0-9]{9}|\big[a-z]{2,3}[a-z0-9_-]{9}|[0-9]\|[a-z0-9_-]{9}",
        check=lambda item: any(c.isdigit() for c in item),
    ),
    rule(
        "school-secret",
        START + r"s-s4t2(?:ud|af)-[a-f0-9]{64,72}",
        "s-s4t2",
    ),
    rule(
        "device-token",
        # Adafruit, Particle, Frame.io, Scalingo, Harness
        START + r"(?:aio_[A-Za-z]{4}[0-9]{2}[A-Za-z0-9]{22}|fio-u-[A-Za-z0-9_=-]{64}"
        r"|tk-us-[A-Za-z0-9_-]{48}|(?:pat|sat)\.[A-Za-z0-9_-]{22}\.[0-9a-f]{24}"
        r"\.[A-Za-z0-9]{20})" + END,
        "aio_", "fio-u-", "tk-us-",
        either=True,
        form=r"\b[ps]at\.[a-z0-9_-]{22}\.",
    ),
    rule(
        "okta-token",
        START + r"00(?=[A-Za-z_-]{0,40}[0-9])[A-Za-z0-9_-]{40}" + END,
        form=r"\b00[a-z0-9_-]{9}",
        check=lambda item: any(c.isupper() for c in item) and any(
            c.islower() for c in item
        ),
    ),
)  # fmt: skip
