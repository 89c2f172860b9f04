"""What messages say, in Indonesian and English."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """Subject and body; a word in braces is a value."""

    subject: str
    body: str

    def filled(self, values: Mapping[str, str]) -> "Text":
        return Text(self.subject.format(**values), self.body.format(**values))


TEMPLATES: Mapping[str, Mapping[str, Text]] = {
    "create_account": {
        "ID": Text(
            "Kode pendaftaran Sigap: {code}",
            "Kode untuk membuat akun Sigap: {code}\nBerlaku {minutes} menit. Jangan beri tahu siapa pun.\n"
            "Bila Anda tidak memintanya, abaikan pesan ini.\n",
        ),
        "EN": Text(
            "Your Sigap registration code: {code}",
            "The code to create your Sigap account: {code}\nIt is valid for {minutes} minutes. Tell it nobody.\n"
            "If you did not ask for it, ignore this message.\n",
        ),
    },
    "account_exists": {
        "ID": Text(
            "Anda sudah memiliki akun Sigap",
            "Seseorang ingin membuat akun Sigap dengan alamat ini, padahal akunnya sudah ada.\n"
            "Masuklah dengan akun itu, atau minta kata sandi baru.\n",
        ),
        "EN": Text(
            "You already have a Sigap account",
            "Somebody wanted to create a Sigap account for this address, but there is one already.\n"
            "Sign in with that account, or ask for a new password.\n",
        ),
    },
    "invitation": {
        "ID": Text(
            "Undangan Sigap dari {organization}",
            "{organization} mengundang Anda ke Sigap. Buat akun, lalu terima undangan dengan kode {code} dalam 14 hari.\n",
        ),
        "EN": Text(
            "An invitation to Sigap from {organization}",
            "{organization} invites you to Sigap. Create an account, and accept with the code {code} within 14 days.\n",
        ),
    },
    "reset_password": {
        "ID": Text(
            "Kode kata sandi baru Sigap: {code}",
            "Kode untuk membuat kata sandi baru Sigap: {code}\nBerlaku {minutes} menit. Jangan beri tahu siapa pun.\n"
            "Bila Anda tidak memintanya, abaikan pesan ini; kata sandi Anda tetap berlaku.\n",
        ),
        "EN": Text(
            "Your Sigap password code: {code}",
            "The code to set a new Sigap password: {code}\nIt is valid for {minutes} minutes. Tell it nobody.\n"
            "If you did not ask for it, ignore this message; your password stays valid.\n",
        ),
    },
}
