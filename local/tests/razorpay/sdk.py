"""Razorpay's own SDK against the simulator; ends with 0 if all is as the SDK's users know it.

Arguments: the API's base, the key's id, its secret, and a captured webhook's body, signature and
secret. Prints what it has done, a line each; the test reads them."""

import sys
import urllib.request
import json

import razorpay
from razorpay.errors import (
    BadRequestError, GatewayError, ServerError, SignatureVerificationError)

base, key_id, key_secret, body, signature, webhook_secret = sys.argv[1:]
client = razorpay.Client(auth=(key_id, key_secret), base_url=base)


def done(what):
    print(what, flush=True)


def refused(kind, words, call):
    """The call is refused with this class and these words."""
    try:
        answer = call()
    except kind as error:
        assert words in str(error), f"{error!s}, not {words}"
    else:
        raise AssertionError(f"not refused: {answer}")


def simulate(what, **fields):
    request = urllib.request.Request(
        f"{base}/simulate/{what}", json.dumps(fields).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def order(receipt, amount=50_000, **more):
    fields = {"amount": amount, "currency": "INR", "receipt": receipt, "notes": {"a": "1"}}
    return client.order.create({**fields, **more})


def checkout(order_id, outcome="captured"):
    return simulate("checkout", order_id=order_id, outcome=outcome, webhook="never")


first = order("sdk-1")
assert first["status"] == "created" and first["amount_due"] == 50_000 and first["attempts"] == 0
assert client.order.fetch(first["id"]) == first
assert client.order.all({"receipt": "sdk-1"})["items"] == [first]
assert client.order.edit(first["id"], {"notes": {"b": "2"}})["notes"] == {"b": "2"}
refused(BadRequestError, "Order receipt should be unique.", lambda: order("sdk-1"))
assert order("sdk-1", unique_receipt=True)["id"] == first["id"]
refused(BadRequestError, "minimum amount", lambda: order("sdk-2", amount=99))
refused(BadRequestError, "maximum amount", lambda: order("sdk-2", amount=50_000_001))
refused(BadRequestError, "is not a valid id", lambda: client.order.fetch("order_x"))
refused(BadRequestError, "does not exist", lambda: client.order.fetch("order_AAAAAAAAAAAAAA"))
refused(BadRequestError, "not required and should not be sent",
        lambda: order("sdk-2", colour="red"))
done("orders")

failed = checkout(first["id"], "failed")
told = checkout(first["id"], "authorized")
assert client.utility.verify_payment_signature(told)
refused(SignatureVerificationError, "Failed", lambda: client.utility.verify_payment_signature(
    {**told, "razorpay_payment_id": failed["razorpay_payment_id"]}))
payment = client.payment.fetch(told["razorpay_payment_id"])
assert payment["status"] == "authorized" and payment["captured"] is False and payment["fee"] is None
refused(BadRequestError, "equal to the amount authorized",
        lambda: client.payment.capture(payment["id"], 49_999, {"currency": "INR"}))
captured = client.payment.capture(payment["id"], 50_000, {"currency": "INR"})
assert captured["status"] == "captured" and captured["fee"] > 0
refused(BadRequestError, "already been captured",
        lambda: client.payment.capture(payment["id"], 50_000, {"currency": "INR"}))
of_order = client.order.payments(first["id"])
assert {(it["id"], it["status"]) for it in of_order["items"]} == {
    (payment["id"], "captured"), (failed["razorpay_payment_id"], "failed")}
assert client.order.fetch(first["id"])["status"] == "paid"
assert payment["id"] in [it["id"] for it in client.payment.all({"count": 100})["items"]]
assert client.payment.edit(payment["id"], {"notes": {"c": "3"}})["notes"] == {"c": "3"}
expanded = client.order.all({"receipt": "sdk-1", "expand[]": "payments"})["items"][0]
assert expanded["payments"]["count"] == 2
done("payments")

half = client.payment.refund(payment["id"], {"amount": 20_000, "speed": "normal"})
assert half["status"] == "pending" and half["payment_id"] == payment["id"]
assert client.payment.fetch(payment["id"])["refund_status"] == "partial"
refused(BadRequestError, "greater than", lambda: client.payment.refund(
    payment["id"], {"amount": 50_001}))
key = {"X-Refund-Idempotency": "sdk-refund-0001"}
other = client.payment.refund(payment["id"], {"amount": 10_000}, headers=dict(key))
again = client.payment.refund(payment["id"], {"amount": 10_000}, headers=dict(key))
assert again["id"] == other["id"]
refused(BadRequestError, "Different request with the same idempotency key",
        lambda: client.payment.refund(payment["id"], {"amount": 1_000}, headers=dict(key)))
rest = client.refund.create({"payment_id": payment["id"]})
assert rest["amount"] == 20_000
refused(BadRequestError, "fully refunded already",
        lambda: client.payment.refund(payment["id"], {"amount": 100}))
assert client.payment.fetch(payment["id"])["status"] == "refunded"
all_of_them = client.payment.fetch_multiple_refund(payment["id"])
assert {it["id"] for it in all_of_them["items"]} == {half["id"], other["id"], rest["id"]}
assert client.payment.fetch_refund_id(payment["id"], half["id"])["amount"] == 20_000
assert client.refund.fetch(rest["id"])["payment_id"] == payment["id"]
assert client.refund.all({"count": 2})["count"] == 2
assert client.refund.edit(half["id"], {"notes": {"d": "4"}})["notes"] == {"d": "4"}
instant = checkout(order("sdk-3")["id"])["razorpay_payment_id"]
assert client.payment.refund(instant, {"amount": 2_000, "speed": "optimum"})["speed_processed"] == "instant"
assert client.payment.refund(instant, {"amount": 2_468, "speed": "optimum"})["speed_processed"] == "normal"
done("refunds")

link = client.payment_link.create({
    "amount": 30_000, "currency": "INR", "reference_id": "sdk-link", "description": "A visit",
    "customer": {"name": "Asha", "contact": "+919876543210"}, "notify": {"sms": False}})
assert link["status"] == "created" and client.payment_link.fetch(link["id"]) == link
assert client.payment_link.all()["payment_links"][0]["id"] == link["id"]
told = simulate("checkout", payment_link_id=link["id"], outcome="captured", webhook="never")
assert client.utility.verify_payment_link_signature({
    "payment_link_id": told["razorpay_payment_link_id"],
    "payment_link_reference_id": told["razorpay_payment_link_reference_id"],
    "payment_link_status": told["razorpay_payment_link_status"],
    "razorpay_payment_id": told["razorpay_payment_id"],
    "razorpay_signature": told["razorpay_signature"]})
assert client.payment_link.fetch(link["id"])["status"] == "paid"
second = client.payment_link.create({"amount": 100, "currency": "INR"})
assert client.payment_link.edit(second["id"], {"notes": {"e": "5"}})["notes"] == {"e": "5"}
assert client.payment_link.notifyBy(second["id"], "email")["success"] is True
assert client.payment_link.cancel(second["id"])["status"] == "cancelled"
done("payment links")

assert client.utility.verify_webhook_signature(body, signature, webhook_secret)
refused(SignatureVerificationError, "Failed", lambda: client.utility.verify_webhook_signature(
    body.replace("captured", "Captured", 1), signature, webhook_secret))
refused(SignatureVerificationError, "Failed", lambda: client.utility.verify_webhook_signature(
    body, signature, key_secret))
done("signatures")

strangers = razorpay.Client(auth=(key_id, "wrong"), base_url=base)
refused(BadRequestError, "api secret", lambda: strangers.order.fetch(first["id"]))
for status, kind in [(500, ServerError), (502, GatewayError), (429, BadRequestError)]:
    simulate("faults", path=f"/orders/{first['id']}", status=status, times=1)
    refused(kind, "", lambda: client.order.fetch(first["id"]))
simulate("faults", path=f"/orders/{first['id']}", body="html", times=1)
refused(ValueError, "", lambda: client.order.fetch(first["id"]))
simulate("faults", path=f"/orders/{first['id']}", dropResponse=True, times=1)
refused(OSError, "", lambda: client.order.fetch(first["id"]))
simulate("faults", path=f"/orders/{first['id']}", delayMs=2_000, times=1)
refused(OSError, "timed out", lambda: client.order.fetch(first["id"], timeout=0.2))
assert client.order.fetch(first["id"])["id"] == first["id"]
done("errors")
