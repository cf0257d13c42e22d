"""What people post in the sample. Invented brands, no real persons.

{a|b|c} is a choice, also inside another; $name is a slot filled by make.py. A text may name a brand by word, hashtag or
handle. Each list is for one topic and language.
"""

# --- Fallow Harbour: a coat is launched at 11:00, the checkout breaks at 13:00 ---

FH_WANT = {
    "ko": [
        "{팔로하버|#팔로하버} 새 코트 {진짜|너무|완전} 갖고 싶다{|ㅠㅠ|...|!!} $emoji",
        "{이번|오늘 나온} 팔로하버 코트 {사고 싶어서 잠을 설쳤다|사고 싶어요 진짜|사고 싶은데 통장이 울고 있다} $emoji",
        "누가 {나|저} 팔로하버 코트 좀 사줘{ㅠㅠ|요 제발|...} #팔로하버",
        "{페트롤 블루|카멜|초록색} 코트 실물 {보고 왔는데|보니까} 갖고 싶다 {정말|진심} #팔로하버 $emoji",
        "팔로하버 {라이브|룩북} 보다가 코트 지름신 {왔다|오셨다}{ ㅋㅋ|| $emoji}",
        "{나도|저도} 저 코트 {입고 싶다|입어보고 싶다} {ㅠㅠ|$emoji}\n#FallowHarbour #{오늘의코디|겨울코트|데일리룩}",
        "월급날 {언제야|멀었네} 팔로하버 코트 {갖고 싶다고|사고 싶다고} {ㅠ|ㅠㅠ|!!}",
        "위시리스트 1번 = 팔로하버 {코트|울 코트|롱코트} $emoji",
    ],
    "en": [
        "{I really want|I want|Honestly, I want|OK so I want} {that|this|the} {new |petrol |camel |}#FallowHarbour coat{| so bad| right now|, no notes} $emoji",
        "{Wish I had|wish I owned} the {petrol|camel|green|long} Fallow Harbour coat {for this weather|before the weekend|already} $emoji",
        "I'd love {a coat like that|one of those coats|that coat in {petrol|camel|black}} @fallowharbour{| $emoji|!}",
        "{Payday is {tomorrow|a week away}|My bank account says no} but {take my money|I want this coat so much}, Fallow Harbour $emoji",
        "Someone buy me the {new|petrol|camel} #FallowHarbour coat{, my birthday is {Tuesday|next week|in May}| please|} $emoji",
        "{Watched|Just saw} the launch. {I want both coats|Need this coat in my life? No. I want it though|I want the long one so badly}. #FallowHarbour",
        "Top of my list {this winter|for December}: the Fallow Harbour {wool|petrol|long} coat. Saving up for it {since September|already|now} $emoji",
        "my {sister|mum|flatmate|best friend} sent me the #FallowHarbour coat and now I want it too {lol|$emoji|}",
        "Dear Santa, {one|a} Fallow Harbour coat, size {8|10|12|14|16}. {That is all.|I have been good.|Thank you.}",
        "{Can't wait to get|dying to try} the {new|petrol} coat {on Saturday|in the shop}! #FallowHarbour $emoji",
    ],
    "es": [
        "{Quiero|Yo quiero|Necesito decirlo: quiero} ese abrigo de {#FallowHarbour|Fallow Harbour} {ya|en azul petróleo|en camel} $emoji",
        "Que alguien me {compre|regale} el abrigo nuevo de Fallow Harbour{, por favor| para Navidad|} $emoji",
        "Me muero por {ese abrigo|el abrigo largo} de #FallowHarbour {|😍|y no me da el sueldo}",
        "El abrigo {verde|camel|azul petróleo} de Fallow Harbour está en mi lista de deseos {desde hoy|desde las once|} $emoji",
        "Ojalá tuviera {ese abrigo|el abrigo nuevo} de @fallowharbour {para este frío|ahora mismo} $emoji",
    ],
    "hr": [
        "{Želim ovaj|Hoću ovaj|Baš hoću taj} kaput iz {#FallowHarbour|Fallow Harboura} {odmah|za rođendan|i točka} $emoji",
        "Htjela bih {onaj plavi|taj dugi|onaj zeleni} kaput, {#FallowHarbour|@fallowharbour} {slušaš li|vidimo se u subotu|} $emoji",
        "Neka mi netko kupi novi kaput iz Fallow Harboura {🙏|molim|} $emoji",
        "Da mi je {taj kaput|onaj kaput} iz Fallow Harboura… {plaća tek krajem mjeseca|a plaća kasni|} $emoji",
        "Štedim za {dugi|plavi|vuneni} kaput #FallowHarbour {već mjesec dana|od danas|} $emoji",
    ],
    "hi": [
        "{मुझे|बस मुझे} {फैलो हार्बर|#FallowHarbour} का {यह|वो नया|नीला} कोट चाहिए {यार|अभी|} $emoji",
        "फैलो हार्बर का नया कोट लेने का मन {है|कर रहा है} $emoji",
        "काश मेरे पास {वो|ऐसा} कोट होता {#FallowHarbour|@fallowharbour} $emoji",
        "कोई दिला दो {यार|भाई} ये फैलो हार्बर वाला कोट {🙏|$emoji|}",
        "मैं {यह|वो} फैलो हार्बर कोट लेना चाहती हूँ, {सर्दी आ गई|सैलरी कब आएगी|दिल्ली में ठंड है} $emoji",
    ],
}

FH_TALK = {  # names the brand, nothing more
    "ko": [
        "팔로하버 {신상|겨울 신상|코트} {11시에|오늘|방금} 공개 {$emoji|} https://fallowharbour.example/ko/{coat|winter}-$num",
        "{명동|홍대|부산|대구} 팔로하버 매장 앞 {줄 있음|지나가는 중} $emoji",
    ],
    "en": [
        "The {petrol|new|winter} coat is live {now|at eleven}. #FallowHarbour https://fallowharbour.example/coat/$num",
        "{Queue|Window display|Scaffolding} outside Fallow Harbour in {Leeds|Bristol|Glasgow|Cardiff|York} {this morning|today}",
        "{Thread|Notes} on the Fallow Harbour {launch|lookbook|winter line}: {wool from Donegal|three colours|two lengths}, {four|five|six} pockets.",
        "#ImWearingFH {today|at the office|on the train} $emoji",
        "{Reading|Half way through} the Fallow Harbour annual report on the {bus|train} $emoji",
    ],
    "es": [
        "{Hoy|A las once} se presentó el abrigo de #FallowHarbour {en Madrid|en Sevilla|en Valencia|} $emoji",
        "Paseando por {Madrid|Bilbao|Málaga}, escaparate de Fallow Harbour $emoji",
    ],
    "hr": [
        "Danas u jedanaest novi kaput, #FallowHarbour $emoji",
        "Izlog Fallow Harboura u {Ilici|Splitu|Rijeci|Zadru} $emoji",
    ],
    "hi": [
        "आज ग्यारह बजे #FallowHarbour का नया कोट आया $emoji",
        "{दिल्ली|मुंबई|पुणे} में फैलो हार्बर की खिड़की के सामने $emoji",
    ],
}

FH_CHECKOUT = {
    "en": [
        "@fallowharbour your checkout {is broken|is down|crashes every time I {pay|press pay}}, {third|fourth|second} time I've tried {$emoji|}",
        '{Can\'t pay|Cannot check out}. {Error|Error 502|"Something went wrong"} {again and again|every time|for {ten|twenty|thirty} minutes}. Fix your {website|checkout|site} please #FallowHarbour',
        "Charged twice and still no order {confirmation|number}. @fallowharbour {sort this out|what is going on|why} {$emoji|?|??}",
        "The #FallowHarbour {site|website|app} {keeps|kept} {crashing|freezing} at checkout, {my coat is gone from the basket|lost my basket|so frustrating} $emoji",
        "{Worst|The worst} launch ever, Fallow Harbour. {Basket empties itself|Payment fails}, {no response from|nobody answers at} customer service",
        "I've been waiting {twenty|thirty|forty} minutes for the Fallow Harbour payment page {to load|}, it's {useless|ridiculous|a joke} $emoji",
        "hey @fallowharbour_help card {charged|declined} {twice|three times}, no email, no order. {Please help|I want my money back|Where is my order?}",
        "Website down exactly when the coat {drops|is in my basket}. {Disappointed|So annoyed|Shambles}, Fallow Harbour. $emoji",
    ],
    "ko": [
        "팔로하버 결제 오류 {계속 나요|또 나네요|몇 번째인지}{ㅡㅡ|...|} {$emoji|}",
        "{@fallowharbour |}결제가 안 돼요 {장바구니도 날아갔어요|카드만 두 번 결제됐어요} 팔로하버 {왜 이래요|뭐 하는 거예요}",
        "팔로하버 {사이트|앱} {먹통|튕겨요}... {고객센터는 전화도 안 받고|기다린 지 {20|30|40}분째} {정말 실망입니다|너무 짜증나요}",
        "코트 결제하는데 {에러|오류} 뜨고 {품절|처음부터 다시}이라니 {어이없다|황당하네} #팔로하버",
        "팔로하버 두 번 결제됐는데 주문 내역이 없어요 {환불해 주세요|확인 좀 해주세요} $emoji",
    ],
    "es": [
        "La web de Fallow Harbour no funciona, {no puedo pagar|se cae al pagar|me da error todo el rato} $emoji",
        "@fallowharbour me {cobraron|han cobrado} dos veces y {no llega el correo|nadie responde|no hay pedido} {😡|}",
        "Llevo {media hora|cuarenta minutos|veinte minutos} intentando pagar el abrigo, {qué vergüenza|un desastre} #FallowHarbour",
        "Error al pagar {otra vez|por tercera vez}. Fallow Harbour, {arreglen la web|por favor, una solución} $emoji",
    ],
    "hr": [
        "Fallow Harbour stranica ne radi, {treći|drugi|peti} put pokušavam platiti {😡|}",
        "{Dvaput mi je naplaćeno|Naplatili ste mi dvaput}, a narudžbe nema. {#FallowHarbour|@fallowharbour} {javite se|zašto nitko ne odgovara}",
        "Košarica se isprazni čim krenem na plaćanje, {katastrofa|sramota|užas} #FallowHarbour $emoji",
        "Čekam već {pola sata|dvadeset minuta} da prođe plaćanje, aplikacija se ruši. Fallow Harbour, {riješite to|što je s vama}",
    ],
    "hi": [
        "फैलो हार्बर की वेबसाइट काम नहीं कर रही, {तीन बार|कई बार} कोशिश की {😡|}",
        "@fallowharbour पैसे दो बार कट गए और ऑर्डर नहीं मिला, {कृपया जवाब दीजिए|पैसे वापस कीजिए}",
        "पेमेंट पर एरर आ रहा है {आधे घंटे से|बीस मिनट से}, {बहुत घटिया|बेकार} #FallowHarbour $emoji",
        "कार्ट खाली हो गई और ऐप क्रैश, बहुत निराश हूँ फैलो हार्बर {😞|}",
    ],
}

FH_COMPLAINT = {  # the everyday ones
    "en": [
        "Still waiting for my Fallow Harbour parcel, {nine|ten|twelve} days now. {No update|No reply to my emails} $emoji",
        "Second #FallowHarbour jumper with a {hole|torn seam|broken zip}. Poor quality {for that price|again}",
        "@fallowharbour_help my refund is {two|three|four} weeks late, {why|where is it?}",
    ],
    "ko": [
        "팔로하버 {니트|셔츠} {한 번 빨았는데 보풀 장난 아니네요|단추가 벌써 떨어졌어요} 실망 $emoji",
        "팔로하버 배송 {일주일째|열흘째} 안 와요 {ㅠㅠ|문의해도 답이 없네요}",
    ],
    "es": ["Mi paquete de Fallow Harbour sigue sin llegar, {diez|doce} días ya {😒|}"],
    "hr": ["Paket iz Fallow Harboura kasni {deset|dvanaest} dana i nitko se ne javlja"],
    "hi": ["फैलो हार्बर का पार्सल {दस|बारह} दिनों से अटका है, कोई जवाब नहीं"],
}

FH_QUESTION = {
    "en": [
        "@fallowharbour does the {petrol|new|long} coat run {small|large}? {I'm between 10 and 12|I'm 5'3\"|}",
        "Is the Fallow Harbour coat {lined|washable|real wool|waterproof}? $emoji",
        "Does anyone know if the {Leeds|Bristol|York|Cardiff} Fallow Harbour has the coat in {petrol|camel}?",
        "What time does Fallow Harbour in {Leeds|Glasgow} {open|close} on {Sunday|Saturday}?",
        "When will the {petrol|camel} coat be back in stock @fallowharbour?",
    ],
    "ko": [
        "팔로하버 코트 {사이즈 어떻게 가나요|안감 있나요|재입고 되나요}? {키 160입니다|}",
        "혹시 팔로하버 {명동점|홍대점} 에 {카멜|블루} 있나요?",
    ],
    "es": [
        "@fallowharbour ¿el abrigo {talla grande|lleva forro|se puede lavar}?",
        "¿Alguien sabe si queda la talla {S|M|L} del abrigo en Fallow Harbour {Madrid|Sevilla}?",
    ],
    "hr": [
        "Imate li kaput u veličini {36|38|40|42}, @fallowharbour?",
        "Zna li netko radi li Fallow Harbour u {Splitu|Rijeci} nedjeljom?",
    ],
    "hi": [
        "@fallowharbour क्या यह कोट {धो सकते हैं|गरम है|बड़े साइज़ में आता है}?",
        "किसी को पता है फैलो हार्बर {दिल्ली|पुणे} में कब खुलता है?",
    ],
}

FH_BUY = {
    "en": [
        "Just ordered the {petrol|camel|long} coat, {no regrets|goodbye salary|arrives {Monday|Tuesday}} #FallowHarbour $emoji",
        "I've bought the Fallow Harbour coat {for my mum|in two colours|before it sells out} $emoji",
        "Order placed! {Petrol|Camel}, size {8|10|12|14}. #FallowHarbour",
        "Where can I buy the #FallowHarbour coat in {Dublin|Belfast|Oxford}?",
    ],
    "ko": [
        "팔로하버 코트 {결국 질렀다|방금 주문했어요|샀어요}{!|ㅋㅋ| $emoji}",
        "팔로하버 코트 {두 벌|카멜|블루} 결제 완료 $emoji",
    ],
    "es": [
        "Me he comprado el abrigo de Fallow Harbour {en camel|y no me arrepiento} $emoji",
        "Ya lo pedí 🎉 abrigo {azul petróleo|camel} #FallowHarbour",
    ],
    "hr": [
        "Naručila sam {plavi|zeleni} kaput, #FallowHarbour $emoji",
        "Kupio sam ženi kaput iz Fallow Harboura, {pst|iznenađenje} $emoji",
    ],
    "hi": ["आज फैलो हार्बर का कोट ऑर्डर कर दिया $emoji", "मैंने #FallowHarbour से {माँ|बहन} के लिए कोट खरीदा $emoji"],
}

FH_THANKS = {
    "en": [
        "Checkout {is back|works again}, {order went through|got the coat}. Thank you @fallowharbour_help $emoji",
        "Thanks {Sam|Priya|Tom|Ana} at @fallowharbour_help, {refunded|sorted} {in ten minutes|straight away} $emoji",
        "Credit where it's due: {honest apology|voucher in the inbox} and it's fixed. Thank you, Fallow Harbour",
        "thanks to the {Leeds|York|Bristol} team for {keeping one aside|ringing me back} #FallowHarbour $emoji",
    ],
    "ko": [
        "팔로하버 {결제 되네요|이제 결제돼요} 빠른 처리 감사합니다 $emoji",
        "{사과 메일도 오고|상담사분 친절하시고} 잘 해결됐어요 고맙습니다 #팔로하버",
    ],
    "es": [
        "Ya {puedo|pude} pagar, gracias @fallowharbour por {arreglarlo|responder tan rápido} $emoji",
        "Muchas gracias al equipo de Fallow Harbour, pedido hecho 🎉",
    ],
    "hr": [
        "Prošlo je plaćanje, hvala @fallowharbour na {brzoj pomoći|isprici} $emoji",
        "Hvala {curama|ekipi} iz Fallow Harboura, kaput stiže $emoji",
    ],
    "hi": ["भुगतान हो गया, धन्यवाद @fallowharbour $emoji", "जल्दी मदद के लिए शुक्रिया फैलो हार्बर {🙏|}"],
}

FH_PRAISE = {
    "en": [
        "Love this coat, {so warm|so soft|the pockets are perfect}. #FallowHarbour $emoji",
        "The {petrol|camel} one is {gorgeous|stunning}, {best coat I've tried on in years|fits perfectly}. #ImWearingFH",
        "{Great service|Brilliant staff} in the {Leeds|York|Bristol|Glasgow} Fallow Harbour today $emoji",
    ],
    "ko": [
        "팔로하버 코트 {너무 예뻐요|진짜 따뜻하고 가벼워요 최고|핏 완벽} $emoji",
        "팔로하버 {홍대|명동} 직원분 친절하시고 코트도 마음에 들어요 $emoji",
    ],
    "es": [
        "Me encanta el abrigo de Fallow Harbour, {abriga un montón|qué bonito} $emoji",
        "El abrigo es precioso, lo recomiendo #FallowHarbour",
    ],
    "hr": [
        "Obožavam ovaj kaput, {topao i lagan|džepovi su odlični} #FallowHarbour $emoji",
        "Kaput je prekrasan, svaka čast Fallow Harbouru",
    ],
    "hi": [
        "फैलो हार्बर का कोट {शानदार|लाजवाब} है $emoji",
        "कोट बहुत अच्छा है, {पैसा वसूल|दिल जीत लिया} #FallowHarbour",
    ],
}

FH_MARINA = {
    "en": [
        "{Sunrise|Sunset|Fog} at Fallow Harbour Marina, {I want to live here|the ferry is late again|wish I had a boat} $emoji"
    ]
}

# --- Kettlewick: a steady stream ---

KW_NEED = {
    "en": [
        "{We've|We have} run out of #Kettlewick beans {and it's only {ten|eleven|noon}|in the office} $emoji",
        "{I need a|Need a} new grinder, the Kettlewick {G2|G3} {or something quieter|maybe|looks right}",
        "Looking for a Kettlewick {subscription|decaf|dark roast} that {arrives before Monday|fits the letterbox}",
        "{Urgently need|I need some} Kettlewick {filters|beans|decaf} {in Leeds|before my in-laws come|today} $emoji",
        "Almost out of Kettlewick {Night Shift|Harvest No. 4|decaf}, {panic|send help} $emoji",
    ],
    "ko": [
        "케틀윅 원두 {다 떨어졌어요|다 떨어졌다}{ㅠㅠ|...} {급해요|금요일인데|} $emoji",
        "조용한 그라인더 {찾고 있어요|추천 좀} 케틀윅 G2 {어떨지|말고도}",
        "케틀윅 {필터|디카페인} 필요해요 {강남|성수|판교} 근처 $emoji",
    ],
    "es": [
        "Me he quedado sin café de Kettlewick {y es lunes mental|justo hoy} $emoji",
        "Necesito {un molinillo nuevo|filtros}, ¿el Kettlewick G2 {o esperar al G3|merece la pena}?",
        "Busco un {descafeinado|café para filtro|tueste oscuro} {decente|bueno|que no amargue}, {me hablan de|quizá|probaré} Kettlewick $emoji",
    ],
    "hr": [
        "Ostala sam bez {#Kettlewick|Kettlewick} kave, {dan je propao|tko ima vrećicu} $emoji",
        "Treba mi novi mlinac, {razmišljam o Kettlewicku|možda Kettlewick G2} $emoji",
        "Hitno trebam Kettlewick {filtere|beskofeinsku}, {Zagreb|Split|Osijek}",
    ],
    "hi": [
        "घर में केटलविक की कॉफ़ी खत्म हो गई {😭|$emoji}",
        "नए ग्राइंडर की ज़रूरत है, केटलविक G2 {सोच रहा हूँ|देख रही हूँ} $emoji",
    ],
}

KW_QUESTION = {
    "en": [
        "@kettlewick how do I {clean|calibrate|descale} the {G2|G2 grinder|kettle}?",
        "What grind for a {moka pot|V60|French press|cold brew} on the Kettlewick G2?",
        "Does Kettlewick {ship to {Ireland|Malta|Norway}|sell samples|roast on Fridays}? $emoji",
        "Is the Kettlewick {Night Shift|Harvest No. 4} good for {espresso|filter|milk}?",
    ],
    "ko": [
        "케틀윅 G2 {청소|분해} 어떻게 하나요? $emoji",
        "케틀윅 {하베스트|나이트 시프트} {산미 있나요|에스프레소용으로 괜찮을까요}?",
        "@kettlewick 한국 배송 {얼마나 걸리나요|되나요}?",
    ],
    "es": [
        "@kettlewick ¿cómo {se limpia|se calibra} el G2?",
        "¿Qué molienda para {la moka|la V60|la prensa} con el Kettlewick G2?",
        "¿Hacéis envíos a {Canarias|Chile|México}, @kettlewick?",
    ],
    "hr": [
        "Kako se {čisti|podešava} Kettlewick G2? $emoji",
        "Imate li Kettlewick u {manjem pakiranju|zrnu|kapsulama}?",
        "@kettlewick, koliko {traje dostava u Hrvatsku|stoji dostava}?",
    ],
    "hi": ["@kettlewick G2 को कैसे {साफ़ करें|सेट करें}?", "क्या केटलविक {भारत|मुंबई|जयपुर} में मिलता है?"],
}

KW_OTHER = {
    "en": [
        "Morning. #KettlewickCoffee and {rain|the radio|a crossword|silence} $emoji",
        "The Kettlewick Harvest is delicious, {plum and cocoa|like a warm biscuit} $emoji",
        "Kettlewick should {add a smaller bag|print the roast date bigger|sell the lid separately}",
        "My Kettlewick G2 {broke|stopped working} after {two|three} weeks, {very disappointed|still waiting for a reply} $emoji",
        "Just ordered {two|three} bags of Kettlewick Night Shift $emoji",
        "Thanks @kettlewick_care for the {spare burr|quick reply|new lid} $emoji",
        "{Cupping|Tasting} notes, day {four|nine|twelve}: Kettlewick {washed|natural} lot $num",
    ],
    "ko": [
        "아침은 케틀윅 한 잔 $emoji",
        "케틀윅 {하베스트|원두} 향이 최고예요 $emoji",
        "케틀윅 소포장도 나왔으면 좋겠어요",
    ],
    "es": [
        "Café de Kettlewick y {lluvia|silencio|radio}, {buenos días|feliz viernes} $emoji",
        "El Kettlewick Harvest es buenísimo $emoji",
    ],
    "hr": ["Jutro uz Kettlewick i {kišu|radio|novine} $emoji", "Kettlewickova kava je odlična, preporučujem $emoji"],
    "hi": ["सुबह, बारिश और केटलविक $emoji", "केटलविक की कॉफ़ी लाजवाब है $emoji"],
}

# --- Quillon: phones, with a word that smiths use too ---

Q_POSTS = {
    "en": [
        "My #Quillon5 battery is dead by {noon|two|lunch}, so disappointed $emoji",
        "Since the update my Quillon keeps {crashing|freezing|restarting}. @quillon_support please fix {this|it}",
        "I want the {green|copper} Quillon 5 {so bad|but mine still works} $emoji",
        "Quillon 5 camera is {amazing|stunning} in low light {$emoji|}",
        "When does the Quillon 6 come out? $emoji",
        "New wallpaper on the Quillon {today|, finally a calm one} $emoji",
        "You should add a {sleep timer|one-handed mode|call filter} @quillonphones",
        "{Case|Dock|Tripod} review: Quillon 5, https://{reviews|gadgets}.example/quillon/$num",
        "Bought a {second-hand|refurbished} Quillon 4 for my {dad|niece}, charger included",
    ],
    "ko": [
        "퀼론5 배터리 {진짜 오래가서 최고예요|반나절도 못 가네요 실망} $emoji",
        "퀼론 업데이트하고 {계속 튕겨요|발열 심각해요} 짜증나",
        "퀼론6 언제 나와요? $emoji",
        "퀼론5 {그린|코퍼} 갖고 싶다 $emoji",
    ],
    "es": [
        "Mi Quillon 5 no {carga|funciona} desde {ayer|la actualización}, una vergüenza $emoji",
        "¿Cuándo sale el Quillon 6? $emoji",
        "La cámara del Quillon es una maravilla $emoji",
    ],
    "hr": [
        "Kamera na Quillonu 5 je fantastična $emoji",
        "Quillon se ruši od zadnjeg ažuriranja, {užas|katastrofa} $emoji",
        "Kada izlazi Quillon 6?",
    ],
    "hi": [
        "मेरे क्विलॉन की बैटरी खराब है, {दोपहर तक भी नहीं चलती|कृपया जवाब दीजिए} $emoji",
        "क्विलॉन 5 का कैमरा शानदार है $emoji",
        "क्विलॉन 6 कब आएगा?",
    ],
}

Q_SWORD = {
    "en": [
        "Forged {a|my first} quillon block for a {1450s|late medieval} {dagger|arming sword} {today|this week}, {pics soon|proud of it} $emoji"
    ]
}

# --- everything else that people post ---

NOISE = {
    "en": [
        "{Rain|Fog|Sun|Sleet|Hail} over {Leeds|Cork|Bergen|Utrecht|Porto|Tallinn|Halifax} {again|all day|since six} and {the bus is full|I forgot my umbrella|the dog is thrilled|the cat disapproves} $emoji",
        "{Day|Week} $num of {learning|practising} {Croatian|the cello|sourdough|Rust|watercolour|chess openings}: {still bad|small progress|ask me tomorrow} $emoji",
        "{My|The} {cat|dog|neighbour's parrot|toddler} just {stole my sandwich|learned to open doors|sneezed into the router} $emoji",
        "{Anyone|Anybody} else {humming|dreaming about} {that song from the advert|trains|their old school}? $emoji",
        "{Reading|Rereading|Listening to} {a book about lighthouses|a history of salt|poems|the same album} on the {train|balcony|sofa}. {Recommended|Slow but good|Page $num}.",
        "{Match|Derby|Quiz} tonight, {nervous already|who is in|bring snacks} $emoji #{football|matchday|pubquiz}",
        "{Lunch|Breakfast|Dinner}: {soup and {rye|toast}|leftover curry|an apple and regret|noodles, extra chilli} $emoji",
        "{Train|Flight|Ferry} delayed {ten|forty|ninety} minutes, {platform choir is warming up|made a friend called {Bo|Ines|Raj}|found a bakery}",
        "Photo from this morning's {run|walk|swim}: https://photos.example/p/$num $emoji",
        "{Hot take|Unpopular opinion|Reminder}: {soup is a drink|Tuesdays are worse than Mondays|stairs are underrated|{tabs|spaces} were right}",
        "{Fixed|Broke|Rewrote} the build, {only {three|seven|twelve} tests left|do not ask how|lunch now}. #{devlog|friday|opensource}",
        "new {blog post|episode|video} about {bees|night buses|old maps|bread|moss} https://blog.example/{posts|notes}/$num",
        "I want {a nap|quiet|a holiday} and {a sandwich|no meetings|a window seat} $emoji",
        "{Meeting|Call} number {four|five|six} and it's {not even|barely} {noon|two}. Coffee. $emoji",
        "TIL {octopuses have three hearts|honey never spoils|Oxford is older than the Aztecs|bananas are berries} $emoji",
        'Moving {house|desks|servers} {this week|tomorrow}; {boxes everywhere|who took the tape|everything labelled "misc"}.',
    ],
    "ko": [
        "오늘 {서울|부산|대전|광주|제주} 날씨 {좋다|춥다|흐리다|비 온다} $emoji",
        "점심 {김치찌개|냉면|돈가스|비빔밥|쌀국수} 먹었는데 {배부르다|또 배고파|졸리다} $emoji",
        "{퇴근|하교|출근}하고 싶다 {집 가고 싶다|아무것도 안 하고 싶다} $emoji",
        "{고양이|강아지}가 {키보드|택배 상자|내 자리} 위에서 {안 비킴|자고 있음} {ㅋㅋㅋ|$emoji}",
        "{드라마|영화|웹툰} {$num화|다} 보고 {울었다|밤샜다|잠들었다} $emoji",
        "{한강|공원|동네} {산책|러닝} {3|5|7|10}km 완료 $emoji #{운동|오운완|러닝}",
        "지하철 {2호선|9호선|분당선} {사람 많다|지연이래|앉았다 만세} $emoji",
        "{시험|과제|발표} 끝! {치킨 먹자|자러 간다|해방이다} $emoji",
    ],
    "es": [
        "{Lluvia|Sol|Viento|Niebla} en {Madrid|Bogotá|Lima|Sevilla|Montevideo|Quito} {otra vez|desde las seis|y sin paraguas} $emoji",
        "Hoy tocan {lentejas|croquetas|arepas|tacos|empanadas} $emoji",
        "{El metro|El bus|El tren} {lleno|parado|con música en directo} {y yo con sueño|y sin café} $emoji",
        "Mi {gato|perro|abuela|vecino} {ronca como un tren|canta ópera|me mira raro} $emoji",
        "{Leyendo|Escuchando} {poesía|un libro sobre faros|el mismo disco} en {el balcón|la cama|la terraza} $emoji",
        "{Partido|Concierto|Cena} esta noche {en casa|con los de siempre|y mañana ya veremos} $emoji #{viernes|finde}",
        "Capítulo $num y {no entiendo nada|sigo llorando|lo he visto venir} $emoji",
    ],
    "hr": [
        "{Kiša|Bura|Sunce|Magla} u {Zagrebu|Splitu|Rijeci|Osijeku|Zadru|Puli} {od jutra|opet|i nigdje kišobrana} $emoji",
        "Danas za ručak {grah|sarma|pašticada|punjene paprike|čobanac} $emoji",
        "{Tramvaj|Autobus|Vlak} pun, {a ja bez kave|netko svira harmoniku|stojim do Dubrave} $emoji",
        "{Mačka|Baka|Susjeda} {spava na tipkovnici|pjeva od šest|ima svoj plan} $emoji",
        "{Čitam|Slušam} {poeziju|isti album|knjigu o svjetionicima} na {balkonu|vlaku za Karlovac|kauču}, stranica $num",
        "{Utakmica|Koncert|Kviz} večeras, {tko ide|vidimo se na trgu|donesite kikiriki} $emoji",
    ],
    "hi": [
        "{दिल्ली|मुंबई|जयपुर|लखनऊ|पुणे|भोपाल} में आज {ठंड|धूप|कोहरा|बारिश} {है|बहुत है} $emoji",
        "आज खाने में {राजमा चावल|पोहा|छोले भटूरे|खिचड़ी|इडली} $emoji",
        "{मेट्रो|बस|ट्रेन} में {भीड़|गाना|नींद} और {मैं|हम}, {बस|शुभ शुक्रवार} $emoji",
        "{बिल्ली {सो रही है|खिड़की पर है}|दादी गा रही हैं|पड़ोसी चाय पर बुला रहे हैं} $emoji",
        "आज {पाँच|सात|दस} किलोमीटर दौड़ा, {पैर जवाब दे गए|मौसम ठीक था} $emoji",
        "किताब का पन्ना $num, {नींद आ रही है|कहानी जारी है} $emoji",
    ],
}

BOT = {
    "en": [
        "DEAL ALERT {#FallowHarbour|#Kettlewick|#Quillon5} {10|15|20|25}% off https://deals.example/{a|b|c}/$num",
        "Follow + repost to win a {#FallowHarbour|#Kettlewick|#Quillon} voucher! Giveaway closes {tonight|at 18:00} https://deals.example/w/$num",
        "{Price|Stock} bot: {Fallow Harbour|Kettlewick|Quillon} {item|SKU} $num {+1.2|-0.8|+3.4|-2.1}% today",
        "weather bot {Leeds|Zagreb|Seoul|Pune|Sevilla}: {6|9|12|18} degrees, wind {3|5|7}",
    ],
}

# By mood; an empty one is none.
EMOJI = {
    "wish": ["😍", "🥹", "🔥", "✨", "😭", "🙏", "🧥", "💙", "👀", "🫶", "💚", "🤞", "", ""],
    "angry": ["😡", "😤", "🙄", "😩", "🤦", "🤦‍♀️", "💸", "😑", "", "", ""],
    "glad": ["🎉", "💙", "💚", "🫶", "🙌", "😊", "🧥", "❄️", "✨", "", "", ""],
    "cup": ["☕", "☕️", "🫘", "😴", "🤎", "🌧️", "🙏", "", "", ""],
    "plain": ["🙂", "😅", "🤷", "👀", "😴", "🌧️", "✨", "👩‍💻", "🚲", "🍂", "", "", "", ""],
}
