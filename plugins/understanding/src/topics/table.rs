//! Topics, the words that name them, and how people word them.

use super::Topic;

pub(super) struct Entry {
    pub(super) topic: Topic,
    /// Words of an offered phrase that name the topic: Korean ones begin anywhere in it, English
    /// ones are words.
    pub(super) named: &'static [&'static str],
    /// Korean wordings: parts in their order, with little in between; `a|b` is one of several
    /// beginnings.
    pub(super) korean: &'static [&'static str],
    /// English wordings: words in any inflection with small words in between.
    pub(super) english: &'static [&'static str],
}

/// What can fail, in Korean; `{machines}` in a wording.
pub(super) const MACHINES: &str = "서버|사이트|홈페이지|홈피|인터넷|와이파이|시스템|앱|어플|네트워크|콘솔|화면|페이지|웹|로그인|접속|연결|서비스|프로그램|디비|인스턴스|전산|메일|컴퓨터|기계|장비|공유기|네트웍|클라우드|전화기|단말기|포스|키오스크|결제창";
/// The same in English.
pub(super) const MACHINES_EN: &str = "server|servers|site|website|internet|network|system|systems|app|application|service|services|everything|it|page|portal|console|line|lines|vpn|email|platform|database|api|cluster|wifi|connection|computer|machine|production|prod|login|dashboard|host|node|instance|router|modem|terminal|software|stuff|web|things|all|cloud|store";

/// The first whose name stands in a phrase is its topic: what is done comes before what it is done
/// to.
#[rustfmt::skip]
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        topic: Topic::Other,
        named: &[
            "기타", "다른문의", "다른거", "다른것", "다른용건", "그외", "그밖", "something else", "other", "others",
            "anything else", "different", "none",
        ],
        korean: &[
            "다른|딴 거|것|걸|건|껄|꺼|게|문의|일|질문|용건|볼일|내용|이유|문제", "둘다 아니|아닌|아닙", "둘다아니|둘다아닌|둘다아닙",
            "셋다 아니|아닌|아닙", "둘중|둘중에 없|아무것도",
            "이것도저것도 아니", "그거|그것 말고 다른|딴",
        ],
        english: &[
            "something else|different|other",
            "different|another|separate|other question|issue|matter|thing|reason|topic|subject|problem|request|inquiry",
            "anything else", "none of those|these|them|above", "neither", "not on list",
            "completely|entirely|totally different|unrelated",
        ],
    },
    Entry {
        topic: Topic::Cancel,
        named: &["취소", "해지", "해약", "탈퇴", "cancel", "call it off", "terminate", "unsubscribe"],
        korean: &[
            "취소", "해지", "해약", "탈퇴", "없던|없었던 걸|거|일", "못 갈|가게|가요|가겠|갑", "안 갈|가려|갈래", "못갈|못가", "안갈래|안갈",
            "무르|물러|물릴", "철회", "끊고 싶|파|플", "끊으려|끊어주|끊어줘", "끊어 주세|줘|주시|달라", "그만 쓸|쓰|두|둘|받", "안 하기로|쓸래|쓰려",
        ],
        english: &[
            "cancel", "call off", "call it off", "scrap", "can not make it|come",
            "will not make it|be coming|need it", "not make it", "not coming", "get rid of", "terminate",
            "no longer need|want|coming", "drop reservation|booking|order", "close account", "unsubscribe",
            "back out",
        ],
    },
    Entry {
        topic: Topic::Lost,
        named: &["분실", "도난", "잃어", "lost", "stolen", "missing"],
        korean: &[
            "잃어버", "잃어 버", "분실", "도난", "없어졌", "어디다|어디에|어디 뒀|둔|놨|흘렸", "도둑", "훔쳐", "못 찾겠", "두고 왔|내렸",
            "떨어뜨|흘렸|흘린",
        ],
        english: &[
            "lost", "lose", "stolen", "stole", "missing", "can not find", "misplaced",
            "left it|my on|in|at", "dropped",
        ],
    },
    Entry {
        topic: Topic::Damaged,
        named: &["파손", "불량", "damaged", "defective"],
        korean: &["깨져", "깨졌", "깨진", "부서", "부러", "찌그러", "파손", "찢어", "찢겨", "망가", "젖어", "젖었", "불량", "금이 가", "새고|샜"],
        english: &[
            "damaged", "broken", "broke", "cracked", "crushed", "smashed", "shattered", "dented", "torn",
            "ripped", "defective", "in pieces", "leaking", "wet",
        ],
    },
    Entry {
        topic: Topic::Dispute,
        named: &["이의제기", "모르는결제", "부정사용", "dispute", "fraud", "unauthorized"],
        korean: &["모르는|이상한|수상한 결제|돈|출금|거래|내역|이체", "제가|내가 안 쓴|한|산|했", "안 쓴|쓴적", "사기", "도용", "부정 사용|결제"],
        english: &[
            "is not mine", "not mine", "did not make|buy|authorize|spend|order|approve",
            "do not recognize|recognise", "fraud", "fraudulent", "suspicious", "dispute",
            "never made|bought|authorized", "was not me", "somebody|someone used my",
        ],
    },
    Entry {
        topic: Topic::Refill,
        named: &["처방", "refill", "prescription"],
        korean: &["처방", "약 떨어|다|받|타|필요|더", "약이 떨어|없|다"],
        english: &[
            "refill", "prescription", "medicine", "medication", "meds", "pills", "run|ran|running out of",
            "pharmacy", "inhaler",
        ],
    },
    Entry {
        topic: Topic::Plan,
        named: &["요금제", "plan"],
        korean: &["요금제", "데이터 더|부족|모자|무제한|늘"],
        english: &["plan", "cheaper|better|bigger|smaller|different plan", "more data", "upgrade", "downgrade"],
    },
    Entry {
        topic: Topic::Housekeeping,
        named: &["청소", "수건", "housekeeping", "towels", "cleaning"],
        korean: &["수건", "타월", "청소", "베개", "이불", "침구", "휴지", "시트 갈|바꿔|교체"],
        english: &[
            "towel", "towels", "sheets", "pillow", "pillows", "blanket", "clean room", "make up room",
            "housekeeping", "toilet paper", "shampoo", "soap",
        ],
    },
    Entry {
        topic: Topic::NotUrgent,
        named: &[
            "급하지않", "일반", "안급", "급한건아", "천천히", "not urgent", "can wait", "no rush", "no hurry",
            "non urgent", "routine",
        ],
        korean: &[
            "천천히", "나중에 해도|하셔도|봐도|봐|보셔도|연락|전화|해", "급한 건|거|것|일 아니|아닌|아닙", "급하진|급하지|급하지는|급하지도 않|안",
            "안 급", "안급", "여유 있|많|로",
            "시간 날|나실|되실 때", "한가하|한가할|한가해", "괜찮을|편하실|편할|되는|되실 때", "내일|다음주 해도|봐도|하셔도|봐",
            "당장|지금 아니|안|필요", "서두르|서두를 않|말|필요",
        ],
        english: &[
            "no rush|hurry", "not rush|hurry", "not in rush|hurry", "take your time", "can wait",
            "whenever you can|get|like|want|have", "whenever is|works",
            "when you get|have chance|time|moment",
            "not urgent|emergency|pressing|critical", "low priority", "any time", "anytime",
            "not big deal", "tomorrow is fine|ok|okay", "just routine", "at your convenience",
            "not right away|now",
        ],
    },
    Entry {
        topic: Topic::Urgent,
        named: &["긴급", "급해", "급한", "급함", "응급", "비상", "urgent", "emergency", "critical", "asap"],
        korean: &[
            "당장", "지금당장", "빨리", "급하", "급해", "급함", "급합", "급한", "시급", "난리", "큰일", "얼른", "서둘",
            "최대한 빨", "바로 봐|와|해|처리|연락|좀", "비상", "긴급", "촉박", "일분일초", "심각",
            "업무|일|장사|영업|작업|서비스 마비|중단|못", "전부|다|모두|싹 멈|죽|먹통|마비",
        ],
        english: &[
            "right away|now", "immediately", "as soon as possible", "asap", "can not wait",
            "could not wait", "hurry", "quick", "quickly", "on fire", "urgent", "emergency",
            "critical", "straight away", "as fast as", "need help now",
            "this minute|instant|second", "top|high priority",
            "losing money|customers|orders|business", "everything is down|broken",
        ],
    },
    Entry {
        topic: Topic::Address,
        named: &["주소", "배송지", "이사", "address"],
        korean: &[
            "주소", "배송지", "이사", "받는 곳|데|장소", "다른 데|곳|집|지점 보내|배송|받|로|으로", "회사로|집으로|사무실로|부모님 보내|배송|받|바꿔|바꾸",
            "이쪽|그쪽 말고",
        ],
        english: &[
            "address", "new|different|another|wrong place|apartment|house|home|office|street|location",
            "just|have moved|move", "i|we moved", "moving", "old apartment|house|place|address",
            "send|ship|deliver somewhere|elsewhere",
            "send|ship|deliver to different|another|new|office|work|neighbor", "move house|apartment",
        ],
    },
    Entry {
        topic: Topic::Return,
        named: &["반품", "환불", "교환", "return", "returns", "refund", "exchange", "money back"],
        korean: &[
            "반품", "환불", "교환", "돌려|되돌려 보내|받|줘|주|드|줄", "돌려보내", "돌려받", "도로 보내|가져", "물려|물리|물릴 줘|주|고|수",
            "돈 돌려|내놔|도로",
        ],
        english: &[
            "return", "refund", "send|ship it|this|that|them|one back", "send|ship back", "money back",
            "give back", "take it|this back", "bring it|this back", "exchange", "swap",
            "do not want it|this anymore", "does not fit",
        ],
    },
    Entry {
        topic: Topic::Track,
        named: &[
            "배송조회", "조회", "어디쯤", "언제와", "배송현황", "배송추적", "track", "tracking", "where is my",
            "delivery status", "order status",
        ],
        korean: &[
            "어디쯤", "어디까지", "어디 있|왔|와|오고|갔", "언제 와|오|도착|받|올|배송", "언제와", "배송 조회|현황|상태|추적|언제|어디|확인|안",
            "안 왔|와요|와서|오네|와여|옵", "안왔|안와|안오", "도착 안|언제|예정", "못 받",
            "물건|택배|주문한 언제|어디|안", "오고|오는 있|중", "운송장|송장", "출발 했|언제|안",
        ],
        english: &[
            "track", "tracking", "where my|the|it|is|are", "wheres",
            "when will|is|does|it|are arrive|get|come|be|coming|here|delivered|arriving",
            "when get|come|be here", "when arrive|arriving|coming|delivered",
            "has not|yet arrived|come|shown|been", "did not arrive|come|show",
            "never came|arrived|showed|got", "still waiting for|on my|the", "status of|on", "eta",
            "how long until|till|before", "delivery date|status|update", "not here yet", "locate",
            "still has not|not",
        ],
    },
    Entry {
        topic: Topic::Change,
        named: &["변경", "바꾸", "바꿔", "수정", "change", "move it", "reschedule", "modify", "edit"],
        korean: &[
            "변경", "바꾸", "바꿔", "바꿀", "바꿨", "바꾼", "바뀌", "바꿈", "옮기", "옮겨", "옮길", "옮긴", "옮김", "미루", "미뤄", "미룰",
            "미뤘", "앞당", "당겨", "당길", "늦춰", "늦추", "늦출", "늘리", "늘려", "늘릴", "늘어", "줄이", "줄여", "줄일", "줄었", "줄어",
            "수정", "고쳐", "고치", "고칠", "조정", "명|사람 더|추가",
        ],
        english: &[
            "change",
            "move|shift|push|bump it|that|this|one|my|to|back|reservation|booking|appointment|table|up|other|everything|mine|ours|them|date|time",
            "reschedule", "switch", "postpone", "modify", "adjust", "amend", "update",
            "earlier|later|different|another time|date|day|table",
            "add|one|two more|another person|people|guest", "push back", "make it earlier|later|for",
            "swap",
        ],
    },
    Entry {
        topic: Topic::Fails,
        named: &[
            "장애", "접속", "안돼", "안되", "고장", "오류", "에러", "다운", "먹통", "outage", "outages", "down", "connect",
            "not working", "error", "broken", "crash", "technical problem",
        ],
        korean: &[
            "{machines} 죽|다운|터지|터졌|터짐|뻗|멈췄|멈춰|멈춤|멈추|먹통|나갔|나가|끊겨|끊기|끊긴|끊김|끊겼|끊어졌|끊어지|끊어져|뚝뚝|안돼|안되|안됩|안됨|안열|안떠|안뜨|안켜|안들어|안나와|안나오|못들어|느려|느리|오류|에러|고장|이상|down|날라|날아|불통|안붙|마비|내려|뜨질|열리질|되질|되지|열리지|작동|응답|튕|뚝",
            "{machines} 안 돼|되|됩|됨|열|떠|뜨|켜|들어|나와|나오|붙|먹|돌|잡", "{machines} 못 들어|열|쓰|하",
            "다운 됐|되|돼|났|된", "다운됐|다운되|다운돼|다운된", "먹통", "뻗었|뻗어|뻗음", "튕기|튕겨|튕긴", "접속 불|안|못|이안|자체",
            "접속안|접속불|접속못", "에러 나|떠|뜨|가|났", "오류 나|떠|뜨|가|났",
            "오류|에러|장애", "안 들어가지|들어가져|열려|켜져|접속", "못 들어와|들어가|들어갑", "안열려|안켜져|안들어가", "뚝뚝 끊",
            "작동|동작 안|하지|을안", "끊겨|끊기|끊긴|끊김|끊겼|끊어지|끊어져|끊어졌", "서버 down",
        ],
        english: &[
            "{machines} down|out|dead|offline|broken|crash|crashed|frozen|unreachable|unavailable|died|dying|crashing|froze|failing|unresponsive",
            "{machines} not work|load|connect|open|respond|start|come|run|running|responding|available|up|loading|working",
            "can|will|does|do|could|would not connect|load|open|log|login|work|reach|access|start|respond|boot|sync|sign|ping|ssh|deploy",
            "can not get in|on|into|online|through", "unable connect|access|log|reach|open|load",
            "keep crash|drop|freeze|disconnect|fail|time|go|lose|kick",
            "lost|no|losing connection|internet|signal|access",
            "nothing|none|nobody load|work|open|connect|respond|start|access|reach",
            "error|errors", "timeout|timeouts", "timing|timed out", "outage|outages",
            "went|gone|go|going down|offline|dark", "stop working|responding|loading",
            "blank|white|blue screen", "cut off|out", "not working|loading|connecting|responding",
        ],
    },
    Entry {
        topic: Topic::Bill,
        named: &[
            "요금", "청구", "결제", "납부", "비용", "진료비", "병원비", "치료비", "입원비", "관리비", "bill", "bills", "billing", "invoice", "payment", "payments",
            "charges",
        ],
        korean: &[
            "요금", "청구", "결제", "비용", "금액", "병원비", "진료비", "치료비", "입원비", "검사비", "약값", "납부", "영수증", "명세서", "고지서", "카드값", "이체", "미납",
            "돈 많이|나갔|빠져|나왔|왜|더|이상|두번|또|빠졌|나가", "많이 나왔|나온|빠져", "두번|두 빠|결제|청구|나갔", "얼마 나왔|내|나온|냈|청구",
            "세금|계산서", "인출", "이중",
        ],
        english: &[
            "bill", "invoice", "overcharge", "overcharged", "charge", "charged", "payment", "paying",
            "fee", "fees", "amount", "receipt", "paid too|twice|double", "too much money", "cost", "costs",
            "price went", "how much i|we owe|pay|paying", "owe", "debit", "debited", "money out|taken",
            "took money", "statement", "double|twice charged|billed", "credit card",
        ],
    },
    Entry {
        topic: Topic::Hours,
        named: &["영업시간", "운영시간", "시간안내", "hours", "opening", "open"],
        korean: &["몇시|몇 까지|부터|에|시 하|열|닫|문|해|영업|까지|부터", "문 열|닫|여|닫아", "영업 시간|하|해|중", "운영 시간|하", "휴무|쉬는|쉬나|쉬세"],
        english: &[
            "hours", "what time open|close|do|are", "when do|are you open|close|closed",
            "open until|till|on|today|tomorrow|sunday|saturday|late", "are you open|closed",
            "opening|closing time|times|hours", "still open", "how late",
        ],
    },
    Entry {
        topic: Topic::Place,
        named: &["위치", "오시는길", "찾아오시는", "약도", "location", "directions"],
        korean: &["위치", "어디 있|에요|예요|인가|입니", "어떻게 가|찾아가|오", "오는|가는 길", "주차", "약도|길"],
        english: &[
            "where are you|located", "located", "location", "directions", "how do i get there", "find you",
            "parking", "nearest",
        ],
    },
    Entry {
        topic: Topic::Password,
        named: &["비밀번호", "비번", "패스워드", "암호", "로그인", "password", "login", "sign in"],
        korean: &["비밀번호", "비번", "패스워드", "암호", "로그인", "계정 잠|막|못", "잠겼|잠김|잠겨"],
        english: &[
            "password", "passcode", "credential", "credentials", "log|login|sign in|into", "locked out",
            "forgot my", "reset", "can not log",
        ],
    },
    Entry {
        topic: Topic::Repair,
        named: &["수리", "as접수", "에이에스", "repair", "repairs", "fix", "technician"],
        korean: &["수리", "고쳐|고치|고칠", "에이에스", "as", "고장", "망가|깨졌|부서|부러", "기사 불러|보내|방문|와"],
        english: &[
            "repair", "fix", "broken", "broke", "technician", "does not work", "not working", "cracked",
            "damaged", "stopped working",
        ],
    },
    Entry {
        topic: Topic::Buy,
        named: &["구매", "구입", "견적", "도입", "가입", "buy", "purchase", "quote", "sales", "pricing", "new order"],
        korean: &["구매", "구입", "견적", "도입", "사고 싶", "사려|살려 하|고", "신규|새로 가입|신청|주문|계약", "가입", "가격"],
        english: &[
            "buy", "purchase", "quote", "pricing", "price", "prices", "upgrade", "sign up",
            "new order|account|customer|plan", "place order", "how much", "interested in", "estimate",
        ],
    },
    Entry {
        topic: Topic::Book,
        named: &["예약", "자리잡", "book", "booking", "reservation", "reserve", "appointment", "table"],
        korean: &["예약", "자리 있|잡|될|되|비|남|예|나", "테이블", "명|명이 자리|갈|가려|가고|들어|앉|먹|식사", "인분|명 가능|되", "방문 하|예정"],
        english: &[
            "book", "reserve", "table for",
            "have|got|get anything|room|space|availability|openings|table|spot|seats|slot|opening|seat",
            "get|want|need table|in|seat", "reservation for|at|on|tonight|tomorrow|please",
            "seat|fit us|people|of|for", "any tables|availability|room|space|openings|slots", "squeeze in",
            "come in at|for|on", "available",
        ],
    },
    Entry {
        topic: Topic::Person,
        named: &[
            "상담원", "상담사", "직원", "사람", "담당자", "agent", "representative", "operator", "human", "person",
            "someone",
        ],
        korean: &[],
        english: &[],
    },
];
