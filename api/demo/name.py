"""Random names of demo volunteers. They do not refer to real people."""

from collections.abc import Mapping
from typing import NamedTuple

from api.demo.random_source import RandomSource

# Share of people whose name is a single word.
SINGLE_WORD_SHARE = 0.12


class NameList(NamedTuple):
    """First and last names of men and of women."""

    men: list[str]
    women: list[str]
    men_last: list[str]
    women_last: list[str]


def name_list(men: str, women: str, last: str, *, women_last: str | None = None) -> NameList:
    """A name list from texts with names separated by spaces."""
    return NameList(men.split(), women.split(), last.split(), (women_last or last).split())


NAMES_BY_ETHNICITY: Mapping[str, NameList] = {
    "DAYAK": name_list(
        "Rinto Yulius Teras Bahen Sahay Nihin Rangkap Lambang Tambun Sangumang Mihing Kursani Elia Hendrik Duwel Penyang "
        "Sius Karto Lewis Simpei Yanto Rudi Markus Andreas Ardi Untung Dehen Ranan",
        "Undang Tiwi Nyai Lamiang Kristina Yuliana Mariana Rusina Bawi Endang Hertina Lensi Norhayati Sinta Mina Reni "
        "Yosepina Mega Tamiang Selvi Ruth Debora Ida Tari",
        "Garang Ngabe Tundan Nahan Bangkan Lambung Ringkin Mantir Saleh Umar Singkai Tarang Luwai Sawang Bungas Assan "
        "Djata Inon Kiting Gawing Sanggam Tuwan Pandung Lentar",
    ),
    "BANJAR": name_list(
        "Ahmad Muhammad Syahrani Rahmadi Fahriansyah Ardiansyah Hairul Noor Rizali Saidi Mahyudin Akhmad Anwar Supian Jamhari "
        "Ramli Zainal Hamdani Bahrudin Fauzi Ilham Rusdi",
        "Norhidayah Siti Rahmah Mahrita Hasanah Noorlaila Rusmini Hamidah Salasiah Norjanah Maimunah Aminah Fitriani Rabiatul "
        "Mursidah Halimah Nurul Wahidah",
        "Rahman Hakim Syahruddin Anshari Effendi Hidayat Noor Fadillah Hasan Yamani Ridhani Mulyadi Arsyad Gafuri Subhan "
        "Maulana Sani Ramadhan",
        women_last="Rahmah Fadillah Hasanah Aulia Safitri Yulianti Azizah Khairunnisa Zahra Maulida Hayati Ramadhani",
    ),
    "JAVANESE": name_list(
        "Slamet Sutrisno Bambang Eko Agus Budi Joko Wahyu Suparman Sugeng Tri Dwi Hari Mulyono Sukirman Teguh Yoga Galih "
        "Purnomo Sunarto Wawan Supriyanto Karyono Bagus Arif Tono",
        "Sri Siti Dwi Endang Wahyuni Sumiati Lestari Ratna Retno Yuni Tri Suparti Indah Kartini Wulan Rini Murni Sulastri "
        "Ningsih Ayu Puji Tutik Winarni Ambar",
        "Santoso Wibowo Prasetyo Riyadi Nugroho Setiawan Hartono Susilo Widodo Kurniawan Saputro Utomo Handoko Raharjo Purwanto "
        "Suryanto Wijayanto Sudarsono Cahyono Pamungkas",
        women_last="Lestari Rahayu Wulandari Handayani Astuti Wahyuningsih Utami Kusumawati Puspitasari Anggraini Setyowati Susanti "
        "Purwaningsih Widyastuti Pratiwi Hidayati",
    ),
    "LAMPUNG": name_list(
        "Raden Herman Zulkifli Iskandar Darwis Mirza Azwar Hasan Alimin Sanusi Rusli Tabrani Yusuf Erwin Fikri Ahmad Bahtiar",
        "Rosmala Yusnani Asmara Linda Mega Rohani Yulia Desi Nurbaiti Farida Herlina Masitoh Evi Zubaidah",
        "Pubian Sungkai Abung Menggala Putra Ratu Marga Sanjaya Efendi Jaya Alam Tihang Mergo Buway",
        women_last="Pubian Sungkai Abung Menggala Putri Marga Sari Yanti Dewi Buway Rosa Melati",
    ),
    "SUNDANESE": name_list(
        "Asep Ujang Dadang Cecep Dede Iwan Yayan Encep Deden Tatang Rohmat Ade Aceng Jajang Nanang Rahmat Usep Engkos",
        "Euis Neneng Iis Tati Yeti Rohayati Cucu Imas Lilis Ai Elis Wiwin Nining Yanti Eneng Iroh",
        "Hidayat Suherman Permana Sutisna Kurnia Mulyana Supriatna Ruhiyat Gunawan Nugraha Sopandi Rustandi Saepudin Firmansyah",
        women_last="Nurhayati Komariah Rohaeni Kurniasih Fatimah Sumarni Mulyani Suryani Hasanah Rostika Aisyah Rahmawati",
    ),
    "BATAK": name_list(
        "Togar Parlindungan Sahat Hotman Ronald Jonathan Bonar Poltak Marolop Tigor Rudolf Binsar Mangasi Andar Pardamean",
        "Tiur Rotua Lamria Romauli Duma Ester Marsaulina Hotmaida Riris Tiarma Dame Lasma Melva Nurmala",
        "Simanungkalit Hutabarat Sinaga Nainggolan Siregar Harahap Situmorang Manurung Silalahi Tampubolon Lubis Ginting Tarigan "
        "Sembiring Purba Saragih",
    ),
    "MINANG": name_list(
        "Syafrizal Zulfahmi Rizal Fadli Yusrizal Hendri Afrizal Irwan Taufik Doni Ridwan Jufri Rahmat Ilham Mulyadi",
        "Yulinar Rosnita Fitri Elvira Yenni Rahmi Desmawati Nurlela Gusti Mimi Syafni Resti Wirda Zulfa",
        "Chaniago Koto Piliang Tanjung Sikumbang Jambak Guci Malayu Pitopang Mandahiling Panyalai",
    ),
    "MALAY": name_list(
        "Azman Ramlan Syamsudin Hamzah Zainuddin Iskandar Amir Razali Junaidi Mansyur Bakri Helmi Nasir Sofyan Kamarudin Idris",
        "Zaleha Rosna Nuraini Hasnah Mariam Salmah Azizah Rohana Kamariah Latifah Nurlaila Saodah Juliana Asnah",
        "Abdullah Ibrahim Usman Yahya Hamid Jamal Bakar Daud Ismail Amri Sulaiman Syukur Ghani Harun",
    ),
    "BUGIS": name_list(
        "Andi Baso Daeng Ambo Sudirman Syarifuddin Muhammad Tahir Hasanuddin Rustam Mappe Lukman Arifin Baharuddin Sabri",
        "Andi Besse Hasnawati Rosmini Nurhaedah Murniati Sitti Darmawati Jumriah Kasmawati Hajrah Tenri Rahmatia",
        "Tenriola Parenrengi Mappasessu Pawelloi Amirullah Massiara Makkulau Pabokori Sinrang Lagaligo Tajuddin Mustari Hafid",
    ),
    "BALINESE": name_list(
        "Wayan Made Nyoman Ketut Putu Kadek Komang Gede Gusti",
        "Wayan Made Nyoman Ketut Putu Kadek Komang Luh Gusti",
        "Sudana Wirawan Suardika Artana Mahardika Sukarma Adnyana Suparta Widana Sujana Arimbawa Pasek",
        women_last="Suryani Ariani Widiastuti Sukerti Puspadewi Wirati Astiti Suartini Rasmini Yuliantari",
    ),
    "EASTERN": name_list(
        "Yohanes Petrus Markus Paulus Yakob Frans Stefanus Melkianus Daniel Obed Yosef Alfons Simson Lukas Marthen Elias",
        "Maria Yuliana Magdalena Yosina Ester Marta Agustina Katarina Rosalina Dorkas Elisabet Debora Fransina Mince",
        "Nenabu Taloim Latumahina Wattimena Rumbiak Wanggai Kogoya Tabuni Lewar Benu Seran Kase Tomasoa Matulessy Rumere "
        "Karubaba Wenda Fatubun",
    ),
}


def full_name(rng: RandomSource, *, ethnicity: str) -> str:
    """A random name of one to three words, of a man or a woman."""
    names = NAMES_BY_ETHNICITY[ethnicity]
    first, last = (names.men, names.men_last) if rng.boolean(0.52) else (names.women, names.women_last)
    words = [rng.choice(first)]
    if rng.boolean(SINGLE_WORD_SHARE):
        return words[0]
    if rng.boolean(0.2):
        words.append(rng.choice(first))
    words.append(rng.choice(last))
    return " ".join(dict.fromkeys(words))
